/** What is scanned: packages whose runs are recordings of real ones. */
import type { RegistryClient } from "../../npm/registry.ts";
import { FangsError } from "../../protocol/errors.ts";
import { readCorpus, type Recording } from "../corpus/recording.ts";

/** The versions that behave, and the one that behaves otherwise. */
export const GOOD = "1.0.0";
export const BAD = "1.1.0";

const corpus = readCorpus();

/** What a release does in every one of its runs. */
export function recordingOf(version: string): Recording {
  const recording = corpus.get(version === BAD ? "fangs-demo-1.1.0" : "fangs-demo-1.0.0");
  if (recording === undefined) throw new Error("the corpus lacks its demo");
  return recording;
}

/** Knows every package, in these two versions. */
export const registry: RegistryClient = {
  async packument(name) {
    const manifest = (version: string) => ({ name, version, dist: { tarball: "http://registry.test/x.tgz" } });
    return { name, "dist-tags": { latest: BAD }, versions: { [GOOD]: manifest(GOOD), [BAD]: manifest(BAD) } };
  },
  tarball: () => Promise.reject(new FangsError("registry_unreachable", "There are no tarballs here.")),
};
