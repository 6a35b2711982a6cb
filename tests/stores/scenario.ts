/** A store with something in every corner: runs, traces, a baseline, a decision, an entry of the allow-list. */
import { completeRun, startTestServer } from "../server/support.ts";

/** Makes it in an SQLite file of this folder; answers with its URL. Its server is stopped. */
export async function createScenario(folder: string): Promise<string> {
  const store = `sqlite:${folder}/fangs.db`;
  const server = await startTestServer({ dataDir: folder, store });
  await server.admin.addAllow({ kind: "path", value: "/allowed/", note: "a cache of ours" });
  await completeRun(server, ["/a", "/ünï/🦊"]);
  const deviant = await completeRun(server, ["/a", "/new", "/allowed/x"], { version: "1.1.0" });
  await server.admin.promoteRun(deviant.id, "looked at it");
  await completeRun(server, ["/a", "/another"], { package: "axios" });
  await server[Symbol.asyncDispose]();
  return store;
}
