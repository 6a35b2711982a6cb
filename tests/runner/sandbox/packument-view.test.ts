import { expect, test } from "bun:test";
import { checkPackument } from "../../../npm/packument.ts";
import { integrityOf } from "../../../npm/integrity.ts";
import { viewPackument } from "../../../runner/sandbox/packument-view.ts";

const release = (version: string, more: object = {}) => ({
  name: "@s/p",
  version,
  readme: "long",
  ...more,
  dist: { tarball: `https://upstream.example/@s/p/-/p-${version}.tgz`, integrity: "sha512-x" },
});
const DOCUMENT = checkPackument(
  {
    name: "@s/p",
    "dist-tags": { latest: "2.0.0", next: "3.0.0-beta.1", old: "1.0.0" },
    versions: {
      "1.0.0": release("1.0.0", { scripts: { postinstall: "node x.js" } }),
      "1.1.0": release("1.1.0", { scripts: { test: "x" } }),
      "2.0.0": release("2.0.0"),
      "3.0.0-beta.1": release("3.0.0-beta.1"),
    },
    time: {
      created: "2024-01-01T00:00:00Z",
      modified: "2024-06-01T00:00:00Z",
      "1.0.0": "2024-01-01T00:00:00Z",
      "1.1.0": "2024-02-01T00:00:00Z",
      "2.0.0": "2024-03-01T00:00:00Z",
      "3.0.0-beta.1": "2024-01-15T00:00:00Z",
    },
    maintainers: [{ name: "someone" }],
  },
  "@s/p",
);
const other = { name: "other", version: "1.0.0" };
const base = "http://10.213.0.1:4873";
const at = (time: string) => Date.parse(time);

test("tarballs are to be fetched from the gateway", () => {
  const seen = viewPackument(DOCUMENT, { base, before: null, release: other }, false);
  expect(seen.versions["1.0.0"]?.dist.tarball).toBe("http://10.213.0.1:4873/@s/p/-/p-1.0.0.tgz");
});

test("what was published after the moment does not exist, and latest is the highest stable version of then", () => {
  const seen = viewPackument(DOCUMENT, { base, before: at("2024-02-10"), release: other }, true);
  expect(Object.keys(seen.versions)).toEqual(["1.0.0", "1.1.0", "3.0.0-beta.1"]);
  expect(seen["dist-tags"]).toEqual({ latest: "1.1.0", next: "3.0.0-beta.1", old: "1.0.0" });
  expect(Object.keys(seen.time ?? {})).toEqual(["created", "modified", "1.0.0", "1.1.0", "3.0.0-beta.1"]);
});

test("the release of the run itself is there even if it is younger", () => {
  const run = { name: "@s/p", version: "2.0.0" };
  const seen = viewPackument(DOCUMENT, { base, before: at("2024-01-10"), release: run }, false);
  expect(Object.keys(seen.versions)).toEqual(["1.0.0", "2.0.0"]);
});

test("a release without a time of publication is hidden when a moment is asked for", () => {
  const time = { ...DOCUMENT.time };
  delete time["1.0.0"];
  const seen = viewPackument({ ...DOCUMENT, time }, { base, before: at("2024-02-10"), release: other }, false);
  expect(Object.keys(seen.versions)).toEqual(["1.1.0", "3.0.0-beta.1"]);
});

test("a registry that keeps no times at all is seen as it is", () => {
  const { time: _, ...timeless } = DOCUMENT;
  const seen = viewPackument({ ...timeless, name: "@s/p" }, { base, before: at("2024-02-10"), release: other }, false);
  expect(Object.keys(seen.versions)).toHaveLength(4);
});

test("the abbreviated document keeps what npm installs from, and says truly which releases have install scripts", () => {
  const seen = viewPackument(DOCUMENT, { base, before: null, release: other }, false);
  expect(seen["maintainers"]).toBeUndefined();
  expect(seen.versions["1.0.0"]).not.toHaveProperty("readme");
  expect(seen.versions["1.0.0"]).toMatchObject({ hasInstallScript: true });
  expect(seen.versions["1.1.0"]).not.toHaveProperty("hasInstallScript");
  const full = viewPackument(DOCUMENT, { base, before: null, release: other }, true);
  expect(full.versions["1.0.0"]).toHaveProperty("readme");
  expect(full["maintainers"]).toEqual([{ name: "someone" }]);
});

test("an old release with only a shasum still has a digest to be checked with", () => {
  const shasum = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d";
  expect(integrityOf({ tarball: "https://upstream.example/x.tgz", shasum })).toBe("sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00=");
  expect(integrityOf({ tarball: "https://upstream.example/x.tgz" })).toBeNull();
});
