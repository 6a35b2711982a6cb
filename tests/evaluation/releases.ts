/** What the evaluation runs. Exact versions, so that another day's run can be compared with docs/evaluation.md. */

/** One package: its releases in the order in which they are run. The first seeds the baseline. */
export interface Case {
  name: string;
  versions: readonly string[];
}

/** Runs of one release behind its seed. */
export const REPEATS = 3;

/** Releases that are run again and again: whatever such a run shows as new is noise. */
export const SAME: readonly Case[] = [
  ...["express 4.21.2", "webpack 5.97.1", "typescript 5.7.2", "is-number 7.0.0"],
  // Scripts, native binaries, builds, banners.
  ...["esbuild 0.25.0", "sharp 0.33.5", "core-js 3.41.0", "husky 9.1.7", "bcrypt 6.0.0", "better-sqlite3 11.8.1"],
  ...["puppeteer-core 24.4.0", "nx 20.4.6", "@swc/core 1.11.8", "lmdb 3.2.6", "argon2 0.41.1", "bufferutil 4.0.9"],
  ...["classic-level 2.0.0", "es5-ext 0.10.64", "protobufjs 7.4.0", "@nestjs/core 10.4.15", "styled-components 5.3.11"],
  ...["ssh2 1.16.0", "unrs-resolver 1.3.3", "playwright-core 1.51.0", "msw 2.7.3"],
  // Several lifecycle scripts at the same time.
  ...["parcel 2.13.3", "@nestjs/cli 10.4.9", "tsx 4.19.3", "vite 6.1.0", "vitest 3.0.8"],
  // Large trees, caches, workers, many commands.
  ...["@babel/core 7.26.0", "rollup 4.30.0", "eslint 9.18.0", "jest 29.7.0", "nodemon 3.1.7", "prettier 3.5.3"],
  ...["mocha 11.1.0", "pm2 5.4.3", "yarn 1.22.22", "pnpm 9.15.9"],
].map(sameRelease);

/** Each release against the one before it. */
export const BUMPS: readonly Case[] = [
  ...["chalk 5.3.0 5.4.1", "debug 4.3.7 4.4.0", "semver 7.6.3 7.7.1", "commander 12.1.0 13.1.0", "axios 1.7.9 1.8.4"],
  ...["uuid 10.0.0 11.1.0", "esbuild 0.24.2 0.25.0", "husky 9.1.6 9.1.7", "core-js 3.39.0 3.41.0"],
  ...["prettier 3.4.2 3.5.3", "sharp 0.33.4 0.33.5", "nodemon 3.1.7 3.1.9", "express 4.21.2 5.1.0"],
  ...["webpack 5.97.1 5.98.0", "typescript 5.7.2 5.8.2", "@babel/core 7.26.0 7.26.10", "rollup 4.30.0 4.34.0"],
  ...["eslint 9.18.0 9.20.0", "vite 6.0.7 6.1.0", "jest 29.6.4 29.7.0", "ws 8.17.1 8.18.0", "lodash 4.17.20 4.17.21"],
  ...["nx 20.4.5 20.4.6", "mocha 11.0.1 11.1.0", "msw 2.7.0 2.7.3", "protobufjs 7.4.0 7.5.0", "tsx 4.19.2 4.19.3"],
  ...["vitest 3.0.5 3.0.8", "@swc/core 1.10.18 1.11.8", "@nestjs/core 10.4.15 11.0.10", "fastify 4.29.0 5.2.1"],
  ...["react 18.3.1 19.0.0", "undici 6.21.1 7.4.0", "got 13.0.0 14.4.6", "pm2 5.4.2 5.4.3"],
  ...["bcrypt 5.1.0 5.1.1", "better-sqlite3 11.7.0 11.8.1"],
].map(bump);

// --- internal ---

function bump(line: string): Case {
  const [name = "", ...versions] = line.split(" ");
  return { name, versions };
}

function sameRelease(line: string): Case {
  const { name, versions } = bump(line);
  return { name, versions: Array.from({ length: 1 + REPEATS }, () => versions[0] ?? "") };
}
