import { readFileSync } from 'node:fs';

/** A kernel call as `--trace` writes it; times in microseconds. */
export interface TracedCall {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly error?: string };
}

export const readTrace = (file: string): TracedCall[] => {
  const { traceEvents }: { traceEvents: TracedCall[] } = JSON.parse(readFileSync(file, 'utf8'));
  return traceEvents;
};

/** How many fds the calls opened and did not close. */
export const leftOpen = (calls: readonly TracedCall[]): number => {
  const done = (wanted: string): number => calls.filter(({ name, args }) => name === wanted && args.error === undefined).length;
  return done('open') - done('close');
};
