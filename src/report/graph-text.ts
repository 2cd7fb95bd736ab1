/** Control characters, halves of surrogate pairs, line separators and what XML does not allow: none of it can be drawn. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu;

/** Characters; longer texts are cut. */
const LONGEST = 400;

/** A code point is a character here: nothing is cut in the middle of a surrogate pair. */
const characters = (text: string): readonly string[] => Array.from(text);

/** Text of the user or the host as one line that can be drawn. */
export const printable = (text: string): string => {
  const all = characters(text.slice(0, 2 * LONGEST + 1));
  const shown = all.length > LONGEST ? `${all.slice(0, LONGEST).join('')}…` : text;
  return shown.replaceAll(UNPRINTABLE, '\uFFFD');
};

const pieces = (word: string, columns: number): string[] => {
  const all = characters(word);
  return Array.from({ length: Math.max(1, Math.ceil(all.length / columns)) }, (_, index) =>
    all.slice(index * columns, (index + 1) * columns).join(''),
  );
};

/** Breaks text between words, and words that are longer than a line anywhere. */
export const wrap = (text: string, columns: number): readonly string[] => {
  const [first = '', ...words] = printable(text)
    .split(' ')
    .flatMap((word) => pieces(word, columns));
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    if (characters(line).length + 1 + characters(word).length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = `${line} ${word}`;
    }
  }
  return [...lines, line];
};

/** The first lines of a text. An ellipsis says that there is more. */
export const wrapAtMost = (text: string, columns: number, most: number): readonly string[] => {
  const lines = wrap(text, columns);
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `${lines[most - 1] ?? ''} …`];
};

/** Ascending numbers with runs joined: `14, 100-163`. */
export const numberRanges = (numbers: readonly number[]): string => {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && number <= run.last + 1) {
      run.last = number;
    } else {
      runs.push({ first: number, last: number });
    }
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
};
