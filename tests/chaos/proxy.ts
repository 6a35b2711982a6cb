/** A network between two processes that can be slow, or cut. */
import { connect, createServer, type Socket } from "node:net";

export interface Network extends AsyncDisposable {
  port: number;
  /** Delays everything that crosses by this much; 0: not at all. */
  slow(ms: number): void;
  /** Lets nothing cross any more, without closing anything; what was sent meanwhile arrives never. */
  cut(): void;
  /** Closes what was cut, as time-outs would; new connections cross again. */
  mend(): void;
}

/** Leads to a port of this host, which may change while nobody is connected. */
export async function network(to: () => number): Promise<Network> {
  const open = new Set<Socket>();
  let delay = 0;
  let isCut = false;
  const carry = (from: Socket, into: Socket): void => {
    open.add(from);
    from.on("data", (bytes) => {
      if (isCut) return;
      if (delay === 0) into.write(bytes);
      else setTimeout(() => into.write(bytes), delay);
    });
    from.on("close", () => {
      open.delete(from);
      into.destroy();
    });
    // Its end is told by the close.
    from.on("error", () => {});
  };
  const server = createServer((near) => {
    const far = connect(to(), "127.0.0.1");
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const closeAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    slow: (ms) => void (delay = ms),
    cut: () => void (isCut = true),
    mend() {
      isCut = false;
      closeAll();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      closeAll();
    },
  };
}
