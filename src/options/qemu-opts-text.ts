import { readCommaValue } from './comma-value.ts';

/** One element of a QemuOpts text. */
export interface OptsElement {
  readonly key: string;
  readonly value: string;
  /** How it was spelt when it had no `=`: `share`, `noshare`. */
  readonly flag?: string;
  /** A lone `help` or `?`. */
  readonly help: boolean;
}

const KEY = /[^=,]*/y;

export const isHelpWord = (word: string): boolean => word === 'help' || word === '?';

/** Any name that starts with "no" is a negation: `node` is `de=off`. */
const readFlag = (flag: string): OptsElement =>
  flag.startsWith('no')
    ? { key: flag.slice(2), value: 'off', flag, help: false }
    : { key: flag, value: 'on', flag, help: isHelpWord(flag) };

/**
 * Cuts a text into its elements, `id` included (util/qemu-option.c get_opt_name_value): keys end at `=` or `,`, the implied key is for a
 * first element without `=`, one comma at the end is ignored.
 */
export function* splitQemuOpts(text: string, impliedKey?: string): Generator<OptsElement> {
  for (let at = 0; at < text.length;) {
    KEY.lastIndex = at;
    const key = KEY.exec(text)?.[0] ?? '';
    let end = at + key.length;
    if (text[end] === '=') {
      const read = readCommaValue(text, end + 1);
      end = read.end;
      yield { key, value: read.value, help: false };
    } else if (at === 0 && impliedKey !== undefined) {
      const read = readCommaValue(text, 0);
      end = read.end;
      yield { key: impliedKey, value: read.value, help: false };
    } else {
      yield readFlag(key);
    }
    at = end + 1;
  }
}

/** Whether a lone `help` or `?` is among the elements (util/qemu-option.c has_help_option); an implied key swallows the first. */
export const hasHelpOption = (text: string, impliedKey?: string): boolean => {
  for (const element of splitQemuOpts(text, impliedKey)) if (element.help) return true;
  return false;
};
