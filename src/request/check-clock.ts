import { failure } from '../errors/problem.ts';
import { getOption } from '../options/qemu-opts-values.ts';
import type { QemuOpts } from '../options/qemu-opts.ts';

/** QEMU reads a date with sscanf: what follows it is ignored, and a field out of range rolls over. */
const DATE = /^\s*[+-]?\d+-\s*[+-]?\d+-\s*[+-]?\d+/;

const CHOICES: Readonly<Record<string, readonly string[]>> = { clock: ['host', 'rt', 'vm'], driftfix: ['slew', 'none'] };

/**
 * What QEMU refuses of `-rtc`, without a location: it looks when all options have been read (system/rtc.c configure_rtc).
 * @throws VALUE_INVALID
 */
export const checkClock = (clock: Pick<QemuOpts, 'options'>): void => {
  const base = getOption(clock, 'base');
  if (base !== undefined && base !== 'utc' && base !== 'localtime' && !DATE.test(base)) {
    throw failure('VALUE_INVALID', 'invalid datetime format', {
      hint: ["valid formats: '2006-06-17T16:01:21' or '2006-06-17'"],
      cause: `-rtc base= takes utc, localtime or a date, not ${base}`,
      fixes: ['base=utc'],
    });
  }
  for (const [name, words] of Object.entries(CHOICES)) {
    const value = getOption(clock, name);
    if (value !== undefined && !words.includes(value)) {
      throw failure('VALUE_INVALID', `invalid option value '${value}'`, {
        cause: `-rtc ${name}= takes ${words.join(', ')}`,
        fixes: words.map((word) => `${name}=${word}`),
      });
    }
  }
};
