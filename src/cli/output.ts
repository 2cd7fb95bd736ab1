import type { Problem } from '../errors/problem.ts';
import { problemText } from '../report/problem-text.ts';

let outputClosed = false;

/** Whether the reader of standard output is gone: what would be printed from now on is seen by nobody. */
export const isOutputClosed = (): boolean => outputClosed;

const tolerated = new Set<NodeJS.WriteStream>();

/** A standard stream whose reader may close the pipe early (`| head`): that ends the output, not the program. */
export const tolerant = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
  if (!tolerated.has(stream)) {
    tolerated.add(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        throw error;
      }
      outputClosed ||= stream === process.stdout;
    });
  }
  return stream;
};

/** Node makes a stream when it is first asked for, which a launch that says nothing need not pay for. */
const write = (stream: NodeJS.WriteStream, text: string): void => {
  tolerant(stream).write(text);
};

/** A result for the user, on standard output. */
export const print = (text: string): void => write(process.stdout, `${text}\n`);

/** Something about the run, on standard error, as QEMU says it. */
export const say = (text: string): void => write(process.stderr, `vmattach: ${text}\n`);

/** Text that has its form already, on standard error. */
export const sayLines = (text: string): void => write(process.stderr, `${text}\n`);

/** A problem with its cause and fixes, on standard error. */
export const sayProblem = (problem: Problem): void => sayLines(problemText(problem));
