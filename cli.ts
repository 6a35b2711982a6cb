#!/usr/bin/env bun
import { keepFreedMemory } from "./cli/allocator.ts";
import { main } from "./cli/main.ts";
import { processTerminal } from "./cli/terminal.ts";

const command = process.argv[2];
if (command === "serve" || command === "up") keepFreedMemory(process.env);
const terminal = processTerminal();
process.exitCode = await main(process.argv.slice(2), terminal);
// What was interrupted may still hold sockets and timers; nothing is left to wait for.
if (terminal.interrupted.aborted) process.exit();
