/** Control characters, halves of surrogate pairs, line separators and what XML does not allow: none of it can be drawn. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/gu;

const LONGEST = 400;

/** Text of the user or the host as one line that can be drawn. */
export const printable = (text: string): string => {
  const characters = [...text.slice(0, 2 * LONGEST)];
  const shown = characters.length > LONGEST ? [...characters.slice(0, LONGEST), '…'] : characters;
  return shown.join('').replaceAll(UNPRINTABLE, '\uFFFD');
};

const pieces = (word: string, columns: number): string[] => {
  const characters = [...word];
  return Array.from({ length: Math.max(1, Math.ceil(characters.length / columns)) }, (_, index) =>
    characters.slice(index * columns, (index + 1) * columns).join(''),
  );
};

/** Breaks text between words, and words that are longer than a line anywhere. */
export const wrap = (text: string, columns: number): readonly string[] =>
  printable(text)
    .split(' ')
    .flatMap((word) => pieces(word, columns))
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last === undefined || [...last].length + 1 + [...word].length > columns) {
        return [...lines, word];
      }
      return [...lines.slice(0, -1), `${last} ${word}`];
    }, []);

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
