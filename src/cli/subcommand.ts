import { existsSync } from 'node:fs';
import { failure } from '../errors/problem.ts';
import { suggest } from '../options/suggest.ts';

const SUBCOMMANDS = ['plan'];

/** A first word like this is a mistyped subcommand more often than the name of a disk image. */
const WORD = /^[a-z][a-z-]*$/;

/**
 * Takes the subcommand off a command line. Any other word is a disk image, as in QEMU; one that looks like a subcommand and is
 * no file is refused at once, in QEMU's words for an image that is not there.
 * @throws OPTION_UNKNOWN
 */
export const takeSubcommand = (argv: readonly string[]): { readonly isPlan: boolean; readonly rest: readonly string[] } => {
  const [word = ''] = argv;
  if (SUBCOMMANDS.includes(word)) {
    return { isPlan: true, rest: argv.slice(1) };
  }
  if (WORD.test(word) && !existsSync(word)) {
    const meant = suggest(word, SUBCOMMANDS);
    throw failure('OPTION_UNKNOWN', `Could not open '${word}': No such file or directory`, {
      location: word,
      cause: `'${word}' is neither a subcommand of vmattach nor a disk image in this folder`,
      fixes: [meant === undefined ? `the subcommand is ${SUBCOMMANDS.join(', ')}` : `did you mean ${meant}`],
    });
  }
  return { isPlan: false, rest: argv };
};
