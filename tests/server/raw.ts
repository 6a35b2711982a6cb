/**
 * Writes bytes to a server's socket and answers with what comes back until it closes, or does not within `ms`. What comes
 * `then` is written when the first is answered.
 */
export async function sendRaw(url: string, text: string | Uint8Array, then?: string, ms = 10_000): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
    socket: {
      data(own, bytes) {
        if (answer === "" && then !== undefined) own.write(then);
        answer += bytes.toString();
      },
      close: () => resolve(answer),
      error: () => resolve(answer),
    },
  });
  socket.write(text);
  const timer = setTimeout(() => socket.end(), ms);
  const got = await promise;
  clearTimeout(timer);
  return got;
}
