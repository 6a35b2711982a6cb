/** An S3 server in a process of its own: the folder of its objects, the port, the bucket. Says the port once it listens. */
import S3rver from "@20minutes/s3rver";

const [directory = "", port = "0", bucket = ""] = process.argv.slice(2);
const server = new S3rver({
  address: "127.0.0.1",
  port: Number(port),
  silent: true,
  directory,
  vhostBuckets: false,
  configureBuckets: [{ name: bucket, configs: [] }],
});
// It signs `/bucket` where a list asks for `/bucket/`, as S3 has it: of lists alone it compares the key's name only.
server.middleware.unshift((context, next) => {
  if (context.method === "GET" && /^\/[^/]+\/$/.test(context.path)) {
    context.app = Object.create(context.app, { allowMismatchedSignatures: { value: true } });
  }
  return next();
});
console.log((await server.run()).port);
await Bun.stdin.text(); // until whoever started it is gone
process.exit();
