import type { Services } from "../services.ts";

/** What watching needs of a server. */
export type WatchServices = Pick<Services, "db" | "metrics" | "jobs" | "watching" | "tarballs" | "now">;
