import { withDefaultRemedy } from '../options/default-remedies.ts';
import type { Problem } from '../errors/problem.ts';

/** What `vmattach: ` lines begin with, as QEMU's begin with the program's name. */
const PROGRAM = 'vmattach';

const LONGEST_LOCATION = 4096;

/** An argument can be a megabyte; a terminal line should not be. */
const shorten = (text: string): string =>
  text.length <= LONGEST_LOCATION ? text : `${text.slice(0, LONGEST_LOCATION)}... (${text.length} characters)`;

const indent = (label: string, text: string): string => `  ${label}: ${shorten(text)}`;

/** Places in a file follow the name of the program at once, as QEMU writes them: `PROGRAM:FILE:LINE: MESSAGE`. */
const placed = (location: string | undefined): string => {
  if (location === undefined) return ': ';
  return location.startsWith(':') ? `${shorten(location)}: ` : `: ${shorten(location)}: `;
};

/**
 * One problem as lines for people: QEMU's line first (`PROGRAM: LOCATION: MESSAGE`), its hints, then cause and fixes.
 * @returns without a final line feed
 */
export const problemText = (problem: Problem): string => {
  const { location, message, severity, hint, cause, fixes } = withDefaultRemedy(problem);
  return [
    `${PROGRAM}${placed(location)}${severity === 'error' ? '' : `${severity}: `}${shorten(message)}`,
    ...(hint ?? []),
    ...(cause === undefined ? [] : [indent('cause', cause)]),
    ...(fixes ?? []).map((fix) => indent('fix', fix)),
  ].join('\n');
};
