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
  /** Closes everything and lets nobody connect, as if there were no one at the other end. */
  end(): void;
}

/** Leads to a port of this host, or a socket with a path, which may change while nobody is connected; `at`: from a socket with a path. */
export async function network(to: () => number | string, at?: string): Promise<Network> {
  const open = new Set<Socket>();
  let delay = 0;
  let isCut = false;
  let isEnded = false;
  const carry = (from: Socket, into: Socket): void => {
    open.add(from);
    from.on("data", (bytes) => {
      if (isCut) return;
      if (delay === 0) into.write(bytes);
      else setTimeout(() => into.write(bytes), delay);
    });
    // Who has said all that it has to say may still be answered.
    from.on("end", () => (isCut ? undefined : into.end()));
    from.on("close", () => {
      open.delete(from);
      into.destroy();
    });
    // Its end is told by the close.
    from.on("error", () => {});
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (isEnded) return void near.destroy();
    const target = to();
    const far = connect({
      ...(typeof target === "number" ? { port: target, host: "127.0.0.1" } : { path: target }),
      allowHalfOpen: true,
    });
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) =>
    at === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(at, resolve),
  );
  const address = server.address();
  const closeAll = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    slow: (ms) => void (delay = ms),
    cut: () => void (isCut = true),
    mend() {
      isCut = false;
      isEnded = false;
      closeAll();
    },
    end() {
      isEnded = true;
      closeAll();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      closeAll();
    },
  };
}
