import { writeSync } from 'node:fs';
import type { Problem } from '../errors/problem.ts';
import { problemText } from '../report/problem-text.ts';

type StandardStream = 'stdout' | 'stderr';

const FDS: Readonly<Record<StandardStream, number>> = { stdout: 1, stderr: 2 };

const NOTHING = Buffer.alloc(0);

let outputClosed = false;

/** Whether the reader of standard output is gone: what would be printed from now on is seen by nobody. */
export const isOutputClosed = (): boolean => outputClosed;

const streamed = new Set<StandardStream>();

/** A standard stream whose reader may close the pipe early (`| head`): that ends the output, not the program. */
export const tolerant = (name: StandardStream): NodeJS.WriteStream => {
  const stream = process[name];
  if (!streamed.has(name)) {
    streamed.add(name);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        throw error;
      }
      outputClosed ||= name === 'stdout';
    });
  }
  return stream;
};

/** @returns what was not written: a pipe that is non-blocking and full takes no more for now */
const writeNow = (name: StandardStream, text: Buffer): Buffer => {
  let rest = text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(FDS[name], rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EAGAIN') return rest;
      if (code !== 'EPIPE') throw error;
      outputClosed ||= name === 'stdout';
      break;
    }
  }
  return NOTHING;
};

/** The making of a stream takes Node longer than a short command: there is one only where something else uses it, or has to wait. */
const write = (name: StandardStream, text: string): void => {
  const rest = streamed.has(name) ? Buffer.from(text) : writeNow(name, Buffer.from(text));
  if (rest.length > 0) tolerant(name).write(rest);
};

/** A result for the user, on standard output. */
export const print = (text: string): void => write('stdout', `${text}\n`);

/** Something about the run, on standard error, as QEMU says it. */
export const say = (text: string): void => write('stderr', `vmattach: ${text}\n`);

/** Text that has its form already, on standard error. */
export const sayLines = (text: string): void => write('stderr', `${text}\n`);

/** A problem with its cause and fixes, on standard error. */
export const sayProblem = (problem: Problem): void => sayLines(problemText(problem));
