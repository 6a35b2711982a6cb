import { CONFIG } from "./layout";

// The operator's lists in the config region: a table of two numbers each, where the list begins and ends, from CONFIG.

export function listStart(list: u32): usize {
  return CONFIG + load<u32>(CONFIG + ((<usize>list) << 3));
}

export function listEnd(list: u32): usize {
  return CONFIG + load<u32>(CONFIG + ((<usize>list) << 3), 4);
}
