import path from 'node:path';
import { failure } from '../errors/problem.ts';

const MOST_NAMED = 8;

const ambiguous = (word: string, matches: readonly string[]) =>
  failure('VALUE_INVALID', `'${word}' is part of ${matches.length} PCI addresses`, {
    location: word,
    cause: `it could be ${matches.slice(0, MOST_NAMED).join(', ')}${matches.length > MOST_NAMED ? ', ...' : ''}`,
    fixes: matches.slice(0, MOST_NAMED).map((address) => `name it in full: ${address}`),
  });

const absent = (word: string) =>
  failure('NO_SUCH_DEVICE', `there is no PCI device '${word}'`, {
    location: word,
    cause: `the host has no PCI device ${word}`,
    fixes: ['vmattach devices --all lists the PCI devices of this host'],
  });

/** In full, without the domain 0000, or any part of it that is in no other address. */
const matching = (word: string, addresses: readonly string[]): readonly string[] => {
  const exact = addresses.filter((address) => address === word || address === `0000:${word}`);
  return exact.length > 0 ? exact : addresses.filter((address) => address.includes(word));
};

const select = (word: string, addresses: readonly string[], resolve: (folder: string) => string | undefined): string => {
  const name = word.includes('/') ? path.basename(resolve(word) ?? word) : word.toLowerCase();
  const matches = name === '' ? [] : matching(name, addresses);
  const [address] = matches;
  if (address === undefined) throw absent(word);
  if (matches.length > 1) throw ambiguous(word, matches);
  return address;
};

/**
 * The PCI addresses that words stand for, each once, in the order of the words.
 * @param resolve follows the links of a sysfs path
 * @throws NO_SUCH_DEVICE, VALUE_INVALID when a part of an address is in several
 */
export const selectDevices = (
  words: readonly string[],
  addresses: readonly string[],
  resolve: (folder: string) => string | undefined,
): readonly string[] => [...new Set(words.map((word) => select(word, addresses, resolve)))];
