/** The driver with one connection, set up so that its values are those that SQLite has. */
import postgres from "postgres";

/**
 * Limits that the server watches over. A transaction that waits for its process (one that hung, one that can't be
 * reached any more) is ended, so that it does not keep the others waiting.
 */
const LIMITS = { statement_timeout: 60_000, idle_in_transaction_session_timeout: 30_000 };

/**
 * Statements are short, and before the first ANALYZE of a table their estimates are not: compiling the list of runners
 * took 100 to 580 ms each time, doing it 1 ms.
 */
const NO_COMPILING = { jit: "off" };

const TYPES = {
  /** bigint, and numeric, which the sum of them is: the times and counts of fangs are far below 2^53. */
  integer: { to: 20, from: [20, 1700], serialize: (value: number): string => String(value), parse: Number },
  /** 0 or 1. */
  boolean: {
    to: 16,
    from: [16],
    serialize: (value: number): string => (value ? "t" : "f"),
    parse: (t: string) => (t === "t" ? 1 : 0),
  },
  /** Postgres has no NUL in texts. One that a traced program made is kept apart from a text without it all the same. */
  text: {
    to: 25,
    from: [25],
    serialize: (value: string): string => String(value).replaceAll("\0", "\uFFFD"),
    parse: (t: string) => t,
  },
};

export type Connection = ReturnType<typeof connectPostgres>;

export interface ConnectionEvents {
  /** The connection broke, or ended. */
  broken(): void;
  /** Another session notified. */
  heard?(payload: string): void;
}

/**
 * A driver instance whose one connection is made when it is first used. As for Postgres's own programs, `?host=/a/folder`
 * means the socket in that folder.
 */
export function connectPostgres(url: string, events: ConnectionEvents) {
  const place = new URL(url);
  const folder = place.searchParams.get("host");
  const isSocket = folder?.startsWith("/") === true;
  if (isSocket) place.searchParams.delete("host");
  const options = {
    ...(isSocket ? { host: folder } : {}),
    max: 1,
    types: TYPES,
    connect_timeout: 10,
    // A connection must not end between the statements of a transaction.
    max_lifetime: null,
    connection: { application_name: "fangs", ...LIMITS, ...NO_COMPILING },
    onnotice: () => {},
    onclose: () => events.broken(),
    // Known to the driver, not to its types.
    onnotify: (_channel: string, payload: string) => events.heard?.(payload),
  };
  return postgres(place.href, options);
}
