import { expect, test } from "bun:test";
import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
import { startResolver } from "../../../runner/sandbox/resolver.ts";
import { noSandbox } from "./support.ts";

const HOST = "127.77.0.1";

test.skipIf(noSandbox !== null)(
  "a program's own resolver gets an address for every name, and nothing for IPv6",
  async () => {
    await using _ = await startResolver(HOST, (_client, name) => (name === "a.example" ? "10.213.8.1" : "10.213.8.2"));
    const client = new Resolver({ timeout: 2000, tries: 2 });
    client.setServers([HOST]);
    expect(await client.resolve4("a.example")).toEqual(["10.213.8.1"]);
    expect(await client.resolve4("B.example")).toEqual(["10.213.8.2"]);
    await expect(client.resolve6("a.example")).rejects.toThrow(/ENODATA|ENOTFOUND/);
  },
);

test.skipIf(noSandbox !== null)("questions over TCP are answered, also when they come in pieces", async () => {
  await using _ = await startResolver(HOST, () => "10.213.8.3");
  const query = Buffer.from(
    "00010100000100000000000001610765786d61706c650000010001".replace("65786d61706c65", "6578616d706c65"),
    "hex",
  );
  const framed = Buffer.concat([Buffer.from([0, query.length]), query]);
  const socket = connect(53, HOST);
  const answer = new Promise<Buffer>((resolve, reject) => socket.on("data", resolve).on("error", reject));
  socket.write(framed.subarray(0, 5));
  await Bun.sleep(20);
  socket.write(framed.subarray(5));
  const bytes = await answer;
  socket.destroy();
  expect([...bytes.subarray(-4)]).toEqual([10, 213, 8, 3]);
});
