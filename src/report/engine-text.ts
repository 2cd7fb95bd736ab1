import type { EngineLaunch } from '../launch/engine-launch.ts';
import { shellWord } from './shell-word.ts';

const isOption = (word: string): boolean => /^--?[A-Za-z]/.test(word);

/** An option and its argument on one line. */
const lines = (argv: readonly string[]): string[] => {
  const grouped: string[] = [];
  let takes = false;
  for (const word of argv) {
    if (takes && !isOption(word)) grouped.push(`${grouped.pop() ?? ''} ${shellWord(word)}`);
    else grouped.push(shellWord(word));
    takes = isOption(word);
  }
  return grouped;
};

/** What the engine is started with, as a command for a shell, and what was changed in it and why. @returns without a final line feed */
export const engineText = ({ path, command }: EngineLaunch): string => {
  const { argv, changes } = command;
  const unchanged = changes.length === 0 ? ['the command line goes to it word for word'] : [];
  return [
    'engine:',
    [shellWord(path), ...lines(argv)].map((line) => `  ${line}`).join(' \\\n  '),
    ...unchanged,
    ...changes.flatMap(({ from, to, reasons }) => [
      from === undefined ? `added ${to}` : `changed ${from}`,
      ...(from === undefined ? [] : [`     to ${to}`]),
      ...reasons.map((reason) => `  because ${reason}`),
    ]),
  ].join('\n');
};
