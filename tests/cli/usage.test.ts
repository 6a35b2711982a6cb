import { expect, test } from "bun:test";
import { group, lazy, resolve } from "../../cli/command.ts";
import { root } from "../../cli/commands.ts";
import { manual, usageText } from "../../cli/usage.ts";
import { run } from "./support.ts";

test("the help of fangs lists every command", async () => {
  expect((await run(["--help"])).out).toMatchInlineSnapshot(`
    "fangs runs npm releases in a locked-down container and shows what they do that earlier ones did not.

    Usage: fangs <command>

    Commands:
      up         Run fangs on this host: the server and a runner in one.
      serve      Run the server alone.
      runner     Run a runner for a server; look at runners, pause, drain and remove them.
      doctor     Check whether this host can watch packages.
      demo       Watch a harmless package turn bad, from scan to deviation.
      trace      Record what a command does.
      image      Make the sandbox image.
      scan       Have a release examined.
      run        Look at runs; judge, fail, cancel, delete or retry one again, or reject it.
      job        Look at what waits in the queue.
      release    Look at the releases of a package.
      deviation  Look at what was new; accept or reject it.
      pending    List the deviant runs that wait for a decision.
      baseline   Look at what a package is known to do; change it, and take changes back.
      package    Choose which packages are watched.
      allow      Choose what is no deviation.
      ui         Sign in to the dashboard.
      token      Choose who may use the server.
      tls        Make certificates for the server and its runners.
      audit      Look at who changed what.
      notifier   Choose who is told of verdicts, and see what was sent.
      hunt       Ask which packages ever did something.
      bench      Measure how fast fangs is on this host.
      retention  Look at how long traces are kept.
      config     Check the configuration, and show it.
      migrate    Look at the schema of the database; copy it to a Postgres.
      backup     Write a copy of the whole database.
      version    Print the version.

    Flags:
      -h, --help     Print this help.
      -v, --version  Print the version.

    \`fangs <command> --help\` tells more of a command.
    "
  `);
});

test("the help of a group lists its commands", async () => {
  expect((await run(["run", "--help"])).out).toMatchInlineSnapshot(`
    "Look at runs; judge, fail, cancel, delete or retry one again, or reject it.

    Usage: fangs run <command>

    Commands:
      list       List runs, the newest first.
      show       Show one run: its verdict, why, and its deviations.
      events     List what a run did, in order.
      tree       Show the processes of a run as a tree, with how many events each has of which type.
      reanalyse  Make the verdict of stored runs again, by today's rules and against the baseline of then.
      fail       End a run that hangs, as failed.
      cancel     Call off a run that waits or is at work.
      retry      Run a release again whose run ended without a verdict.
      reject     Mark a run as bad: its deviations are rejected, and what it alone brought leaves the baseline.
      delete     Delete a run that is over, with its trace and deviations; what counts for a baseline stays.

    Flags:
      -h, --help  Print this help.

    \`fangs run <command> --help\` tells more of a command.
    "
  `);
});

test("the help of a command lists its arguments and flags", async () => {
  expect((await run(["run", "fail", "--help"])).out).toMatchInlineSnapshot(`
    "End a run that hangs, as failed.

    Usage: fangs run fail <id> [flags]

    Arguments:
      <id>  The id, or enough of its beginning.

    Flags:
      --reason <text>    Why; it is kept with the run. Default: failed by hand.
      --json             Print one JSON object instead of text.
      --server <url>     The server; else FANGS_SERVER, else http://127.0.0.1:8443.
      --token <token>    Other users of this host can see it: prefer FANGS_TOKEN.
      --data-dir <path>  Where the token of a local server lies; else FANGS_DATA_DIR.
      -h, --help         Print this help.
    "
  `);
});

test("every command of the table loads, and says what it is for", async () => {
  for (const [name, child] of Object.entries((await resolve(root.subCommands)) ?? {})) {
    const { exit, out } = await run([name, "--help"]);
    expect(exit).toBe(0);
    const { description } = (await resolve((await resolve(child))?.meta)) ?? {};
    expect(out).toStartWith(`${description}\n`);
  }
});

test("a command whose file does not load is listed all the same", async () => {
  const tree = group({ broken: lazy("It will not load.", () => Promise.reject(new Error("gone"))) });
  expect(usageText(await manual(tree, "fangs"))).toContain("  broken  It will not load.");
});
