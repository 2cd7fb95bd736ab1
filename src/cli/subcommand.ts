import { existsSync } from 'node:fs';
import { failure } from '../errors/problem.ts';
import { suggest } from '../options/suggest.ts';
import { BECOME_ORDERED, LAUNCH, SUBCOMMANDS, type Subcommand } from './subcommands.ts';

const NAMES = SUBCOMMANDS.map(({ name }) => name);

/** A first word like this is a mistyped subcommand more often than the name of a disk image. */
const WORD = /^[a-z][a-z-]*$/;

/**
 * Takes the subcommand off a command line. Any other word is a disk image, as in QEMU; one that looks like a subcommand and is
 * no file is refused at once, in QEMU's words for an image that is not there.
 * @throws OPTION_UNKNOWN
 */
export const takeSubcommand = (argv: readonly string[]): { readonly command: Subcommand; readonly rest: readonly string[] } => {
  const [word = ''] = argv;
  if (word === 'help') {
    return { command: SUBCOMMANDS.find(({ name }) => name === argv[1]) ?? LAUNCH, rest: ['--help'] };
  }
  const command = [...SUBCOMMANDS, BECOME_ORDERED].find(({ name }) => name === word);
  if (command !== undefined) {
    return { command, rest: argv.slice(1) };
  }
  if (WORD.test(word) && !existsSync(word)) {
    const meant = suggest(word, NAMES);
    throw failure('OPTION_UNKNOWN', `Could not open '${word}': No such file or directory`, {
      location: word,
      cause: `'${word}' is neither a subcommand of vmattach nor a disk image in this folder`,
      fixes: [meant === undefined ? `the subcommands are ${NAMES.join(', ')}` : `did you mean ${meant}`],
    });
  }
  return { command: LAUNCH, rest: argv };
};
