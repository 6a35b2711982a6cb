/** Sends one message as the server does, to a name that a resolver of its own knows: `port`; trusts what NODE_EXTRA_CA_CERTS names. */
import { sendHttp } from "../../../server/notify/send-http.ts";

const [port, host] = process.argv.slice(2);
const answers = [["127.0.0.1"], ["169.254.169.254"]];
const sent = await sendHttp({
  url: new URL(`https://${host}:${port}/`),
  body: new TextEncoder().encode("{}"),
  headers: {},
  allowed: ["127.0.0.1"],
  // A name that leads elsewhere as soon as it was checked.
  lookup: async () => answers.shift() ?? [],
  signal: AbortSignal.timeout(30_000),
});
process.stdout.write(JSON.stringify({ ...sent, lookupsLeft: answers.length }));
