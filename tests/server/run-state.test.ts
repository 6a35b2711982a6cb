import { describe, expect, test } from "bun:test";
import { RUN_STATES } from "../../protocol/models.ts";
import { checkTransition, isFinal, statesBefore } from "../../server/run-state.ts";

const LEGAL = [
  "queued>leased",
  "queued>failed",
  "queued>cancelled",
  "leased>running",
  "leased>queued",
  "leased>analysing",
  "leased>controlling",
  "leased>done",
  "leased>failed",
  "leased>cancelled",
  "running>queued",
  "running>analysing",
  "running>controlling",
  "running>done",
  "running>failed",
  "running>cancelled",
  "analysing>done",
  "analysing>failed",
  "analysing>controlling",
  "controlling>analysing",
  "controlling>failed",
  "controlling>cancelled",
];

describe("the states of a run", () => {
  for (const from of RUN_STATES) {
    for (const to of RUN_STATES) {
      const legal = LEGAL.includes(`${from}>${to}`);
      test(`${from} ${legal ? "may" : "may not"} become ${to}`, () => {
        if (legal) expect(() => checkTransition(from, to)).not.toThrow();
        else expect(() => checkTransition(from, to)).toThrow(`A run that is ${from} cannot become ${to}.`);
        expect(statesBefore(to).includes(from)).toBe(legal);
      });
    }
  }

  test("done, failed and cancelled are final", () => {
    expect(RUN_STATES.filter(isFinal)).toEqual(["done", "failed", "cancelled"]);
  });
});
