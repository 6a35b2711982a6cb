/** Packets for tests, as honest clients send them. */
import { parseAddress } from "../../protocol/address.ts";

export function dnsQuestion(name: string, type = 1): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...encode(label)]);
  return Uint8Array.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1]);
}

export function dnsAnswer(name: string, address: string): Uint8Array {
  const question = dnsQuestion(name);
  const bytes = parseAddress(address) ?? new Uint8Array(4);
  const type = bytes.length === 4 ? 1 : 28;
  const answer = [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 30, 0, bytes.length, ...bytes];
  const message = Uint8Array.from([...question, ...answer]);
  message[2] = 0x81;
  message[3] = 0x80;
  message[7] = 1;
  return message;
}

/** A DNS message as it goes over TCP. */
export function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 255, ...message]);
}

/** A small client hello; `recordSize` splits it over several TLS records. */
export function clientHello(sni: string | null, recordSize = 16384): Uint8Array {
  const u16 = (value: number): number[] => [value >> 8, value & 255];
  const vector = (bytes: number[]): number[] => [...u16(bytes.length), ...bytes];
  const name = sni === null ? [] : [0, 0, ...vector(vector([0, ...vector([...encode(sni)])]))];
  const alpn = [0, 16, ...vector(vector([2, ...encode("h2"), 8, ...encode("http/1.1")]))];
  const extensions = vector([0, 43, 0, 3, 2, 3, 4, ...alpn, ...name, 0, 21, 0, 4, 0, 0, 0, 0]);
  const body = [3, 3, ...new Uint8Array(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, ...extensions];
  const handshake = [1, 0, ...vector(body)];
  const out: number[] = [];
  for (let at = 0; at < handshake.length; at += recordSize) {
    out.push(22, 3, 1, ...vector(handshake.slice(at, at + recordSize)));
  }
  return Uint8Array.from(out);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
