import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** @param {readonly number[]} values not empty */
export const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** @param {number} digits after the point */
export const round = (value, digits = 2) => Number(value.toFixed(digits));

const shuffled = (values) =>
  values
    .map((value) => ({ value, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ value }) => value);

/**
 * Runs all subjects in turns, each round in another order, so that what else the machine does meets all of them alike. The first
 * round only warms caches and does not count.
 * @param {Record<string, () => number | Promise<number>>} subjects each returns what it took, in ms
 * @param {{ rounds: number, leastRounds?: number, budgetMs?: number }} limits after the budget is spent no round begins beyond the least
 * @returns {Promise<Record<string, number[]>>}
 */
export const inTurns = async (subjects, { rounds, leastRounds = rounds, budgetMs = Infinity }) => {
  const samples = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  const began = performance.now();
  for (let turn = 0; turn <= rounds; turn += 1) {
    if (turn > leastRounds && performance.now() - began > budgetMs) break;
    for (const [name, run] of shuffled(Object.entries(subjects))) {
      const ms = await run();
      if (turn > 0) samples[name].push(ms);
    }
  }
  return samples;
};

/** Node reads an extra certificate file at every start; it is no part of what is measured. */
const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;

export const environment = inherited;

/**
 * Runs a command to its end. @returns how long it took in ms, and its output
 * @throws when it does not end with status 0
 */
export const timeCommand = (command, args, options = {}) => {
  const began = performance.now();
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: environment, ...options });
  const ms = performance.now() - began;
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `status ${status}`}\n${stdout}${stderr}`);
  }
  return { ms, stdout };
};

/** Median ms of one call, after as many calls as V8 needs to compile it well. */
export const medianCall = (body, { warmUp = 30, calls = 100 } = {}) => {
  for (let call = 0; call < warmUp; call += 1) body();
  return median(
    Array.from({ length: calls }, () => {
      const began = performance.now();
      body();
      return performance.now() - began;
    }),
  );
};
