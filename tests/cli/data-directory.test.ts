import { expect, test } from "bun:test";
import { dataDirectory } from "../../cli/data-directory.ts";

test("the data directory is what FANGS_DATA_DIR says, else the system's for root and the user's for others", () => {
  expect(dataDirectory(undefined, { FANGS_DATA_DIR: "/x" }, true)).toBe("/x");
  expect(dataDirectory(undefined, {}, true)).toBe("/var/lib/fangs");
  expect(dataDirectory(undefined, { XDG_DATA_HOME: "/home/me/data" }, false)).toBe("/home/me/data/fangs");
  expect(dataDirectory(undefined, { HOME: "/home/me" }, false)).toBe("/home/me/.local/share/fangs");
});
