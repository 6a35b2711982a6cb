import { describe, expect, test } from "bun:test";
import { analyse, baselineOf, deviations } from "./analysing.ts";
import { PACKAGE, Story } from "./story.ts";

const PLACES = ["/tmp/deadbeefdeadbeef", "/tmp/npm-2156-ab", "/var/tmp/x-Xa81kQp2", "/var/cache/deadbeefdeadbeef"];

/** The release's script reads and writes in a temporary directory with an arbitrary name. */
function harmless(place: string): Story {
  const story = new Story();
  const script = story.script(PACKAGE);
  story.write(script, `${place}/payload`);
  story.open(script, `${place}/payload`);
  return story;
}

describe("behind a placeholder of the baseline", () => {
  for (const place of PLACES) {
    test(`${place}: the same file is not news, running it is`, () => {
      const baseline = baselineOf(analyse(harmless(place)));
      const other = place.replace("deadbeef", "feedface").replace("2156-ab", "9731-cd").replace("Xa81kQp2", "Zq93LmT4");
      expect(deviations(harmless(other), { baseline })).toEqual([]);

      const attack = harmless(other);
      const child = attack.fork(attack.script(PACKAGE));
      attack.exec(child, [`${other}/payload`]);
      const found = deviations(attack, { baseline }).filter((line) => line.includes("/payload"));
      const folded = baseline.find(({ category }) => category === "fs_new_path_write")?.value ?? "";
      expect(folded).toMatch(/<(HEX|RAND)>\/payload$/);
      expect(found).toContain(`script:${PACKAGE} proc_new_exec ${folded}`);
      expect(found).toContain(`script:${PACKAGE} proc_new_command ${folded}`);
    });

    test(`${place}: a file of another name, deleting it, and another actor are news`, () => {
      const baseline = baselineOf(analyse(harmless(place)));
      const attack = harmless(place);
      const script = attack.script(PACKAGE);
      attack.write(script, `${place}/dropper`);
      attack.change(script, "unlink", `${place}/payload`);
      attack.write(attack.script("other"), `${place}/payload`);
      const found = deviations(attack, { baseline });
      expect(found.filter((line) => line.endsWith("/dropper"))).toHaveLength(1);
      expect(found.filter((line) => / fs_new_path_delete .*\/payload$/.test(line))).toHaveLength(1);
      expect(found.filter((line) => /^script:other fs_new_path_write .*\/payload$/.test(line))).toHaveLength(1);
    });
  }
});
