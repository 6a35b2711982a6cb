/** Where every connection of a sandbox ends that is not for its registry: accepted, heard a little, closed. */
import { type SandboxSubnet, inRange } from "./subnet.ts";

const HEARD_BYTES = 4096;
const HEARD_MS = 3_000;
/** Who has said something and then waits gets the end of the connection this soon. */
const QUIET_MS = 500;
const CONNECTIONS = 256;

export interface SinkholeConnection {
  client: string;
  /** The address that was called: one of the sinkhole's, which stands for a name, or the host's for any other. */
  address: string;
  /** The first bytes, at most 4 KiB. */
  heard: Uint8Array;
}

export interface Sinkhole extends AsyncDisposable {
  readonly port: number;
}

/** Listens on all addresses, as the sinkhole's are too many to bind; those who call another one are hung up on. */
export async function startSinkhole(
  subnet: SandboxSubnet,
  ended: (connection: SinkholeConnection) => void,
): Promise<Sinkhole> {
  let open = 0;
  const listener = Bun.listen<Conversation>({
    hostname: "0.0.0.0",
    port: 0,
    socket: {
      open(socket) {
        open++;
        const { localAddress: address, remoteAddress: client } = socket;
        const expected = inRange(subnet.sinkhole, address) || address === subnet.host;
        socket.data = { address, client, expected, heard: [], bytes: 0, began: performance.now(), timer: null };
        if (open > CONNECTIONS || !expected) return void socket.terminate();
        socket.data.timer = setTimeout(() => socket.end(), HEARD_MS);
      },
      data(socket, chunk) {
        const conversation = socket.data;
        const kept = chunk.subarray(0, HEARD_BYTES - conversation.bytes);
        conversation.heard.push(Uint8Array.from(kept));
        conversation.bytes += kept.length;
        if (conversation.bytes >= HEARD_BYTES) return void socket.end();
        const left = conversation.began + HEARD_MS - performance.now();
        clearTimeout(conversation.timer ?? undefined);
        conversation.timer = setTimeout(() => socket.end(), Math.min(left, QUIET_MS));
      },
      close(socket) {
        open--;
        const { timer, client, address, expected, heard } = socket.data;
        clearTimeout(timer ?? undefined);
        if (expected) ended({ client, address, heard: Buffer.concat(heard) });
      },
      error: (socket) => void socket.terminate(),
    },
  });
  return {
    port: listener.port,
    async [Symbol.asyncDispose]() {
      listener.stop(true);
    },
  };
}

// --- internal ---

interface Conversation {
  address: string;
  client: string;
  /** Whether the address is one of a sandbox's network at all. */
  expected: boolean;
  heard: Uint8Array[];
  bytes: number;
  began: number;
  timer: Timer | null;
}
