/** The sandbox's DNS resolver: every name exists, and lives in the sinkhole. */
import { FangsError } from "../../protocol/errors.ts";
import { respond } from "./dns.ts";

const PORT = 53;
/** One client may ask so much over one TCP connection, and hold it for so long. */
const TCP_BYTES = 16 * 1024;
const TCP_SECONDS = 3;

export interface Resolver extends AsyncDisposable {
  readonly port: number;
}

/**
 * Answers over UDP and TCP at port 53 of the address.
 *
 * @param addressOf which address stands for the name, for the client that asks
 * @throws FangsError address_in_use
 */
export async function startResolver(
  host: string,
  addressOf: (client: string, name: string) => string,
): Promise<Resolver> {
  try {
    const udp = await Bun.udpSocket({
      hostname: host,
      port: PORT,
      socket: {
        data(socket, query, port, client) {
          const answer = respond(query, (name) => addressOf(client, name));
          if (answer !== null) socket.send(answer, port, client);
        },
      },
    });
    const tcp = listenTcp(host, addressOf);
    return {
      port: PORT,
      async [Symbol.asyncDispose]() {
        udp.close();
        tcp.stop(true);
      },
    };
  } catch (cause) {
    throw new FangsError("address_in_use", `The sandbox's resolver cannot listen on ${host}:${PORT}.`, {
      cause,
      hint: "Another DNS server listens on every address of this host; bind it to its own addresses.",
    });
  }
}

// --- internal ---

interface Connection {
  received: Buffer;
  total: number;
}

/** Over TCP each message has its length in front. */
function listenTcp(host: string, addressOf: (client: string, name: string) => string) {
  return Bun.listen<Connection>({
    hostname: host,
    port: PORT,
    socket: {
      open(socket) {
        socket.data = { received: Buffer.alloc(0), total: 0 };
        socket.timeout(TCP_SECONDS);
      },
      data(socket, chunk) {
        const connection = socket.data;
        connection.total += chunk.length;
        if (connection.total > TCP_BYTES) return void socket.terminate();
        connection.received = Buffer.concat([connection.received, chunk]);
        for (;;) {
          const length = connection.received.length >= 2 ? connection.received.readUInt16BE(0) : Infinity;
          if (connection.received.length < 2 + length) return;
          const answer = respond(connection.received.subarray(2, 2 + length), (name) =>
            addressOf(socket.remoteAddress, name),
          );
          connection.received = connection.received.subarray(2 + length);
          if (answer !== null)
            socket.write(Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 255), answer]));
        }
      },
      timeout: (socket) => socket.terminate(),
    },
  });
}
