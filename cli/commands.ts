import type { CommandDef } from "citty";
import { group, lazy } from "./command.ts";

/** Every command by its first word, and one line on each. */
export const root: CommandDef = {
  ...group({
    up: lazy("Run fangs on this host: the server and a runner in one.", () => import("./up.ts")),
    serve: lazy("Run the server alone.", () => import("./serve.ts")),
    runner: lazy(
      "Run a runner for a server; look at runners, pause, drain and remove them.",
      () => import("./runner.ts"),
    ),
    doctor: lazy("Check whether this host can watch packages.", () => import("./doctor.ts")),
    demo: lazy("Watch a harmless package turn bad, from scan to deviation.", () => import("./demo.ts")),
    trace: lazy("Record what a command does.", () => import("./trace.ts")),
    image: lazy("Make the sandbox image.", () => import("./image.ts")),
    scan: lazy("Have a release examined.", () => import("./scan.ts")),
    run: lazy("Look at runs; judge, fail, cancel, delete or retry one again, or reject it.", () => import("./run.ts")),
    job: lazy("Look at what waits in the queue.", () => import("./job.ts")),
    release: lazy("Look at the releases of a package.", () => import("./release.ts")),
    deviation: lazy("Look at what was new; accept or reject it.", () => import("./deviation.ts")),
    pending: lazy("List the deviant runs that wait for a decision.", () => import("./pending.ts")),
    baseline: lazy(
      "Look at what a package is known to do; change it, and take changes back.",
      () => import("./baseline.ts"),
    ),
    package: lazy("Choose which packages are watched.", () => import("./package.ts")),
    allow: lazy("Choose what is no deviation.", () => import("./allow.ts")),
    ui: lazy("Sign in to the dashboard.", () => import("./ui.ts")),
    token: lazy("Choose who may use the server.", () => import("./token.ts")),
    tls: lazy("Make certificates for the server and its runners.", () => import("./tls.ts")),
    audit: lazy("Look at who changed what.", () => import("./audit.ts")),
    notifier: lazy("Choose who is told of verdicts, and see what was sent.", () => import("./notifier.ts")),
    hunt: lazy("Ask which packages ever did something.", () => import("./hunt.ts")),
    bench: lazy("Measure how fast fangs is on this host.", () => import("./bench.ts")),
    retention: lazy("Look at how long traces are kept.", () => import("./retention.ts")),
    config: lazy("Check the configuration, and show it.", () => import("./config.ts")),
    migrate: lazy("Look at the schema of the database; copy it to a Postgres.", () => import("./migrate.ts")),
    backup: lazy("Write a copy of the whole database.", () => import("./backup.ts")),
    version: lazy("Print the version.", () => import("./version.ts")),
  }),
  meta: {
    name: "fangs",
    description: "fangs runs npm releases in a locked-down container and shows what they do that earlier ones did not.",
  },
};
