import type { Problem } from '../errors/problem.ts';
import { problemText } from '../report/problem-text.ts';

/** A result for the user, on standard output. */
export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Something about the run, on standard error, as QEMU says it. */
export const say = (text: string): void => {
  process.stderr.write(`vmattach: ${text}\n`);
};

/** Text that has its form already, on standard error. */
export const sayLines = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** A problem with its cause and fixes, on standard error. */
export const sayProblem = (problem: Problem): void => sayLines(problemText(problem));

let outputClosed = false;

/** Whether the reader of standard output is gone: what would be printed from now on is seen by nobody. */
export const isOutputClosed = (): boolean => outputClosed;

/** A reader that closes the pipe early (`| head`) ends the output, not the program. */
export const tolerateClosedPipes = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        throw error;
      }
      outputClosed ||= stream === process.stdout;
    });
  }
};
