/**
 * Cuts a line as a POSIX shell does, as far as recorded command lines need it: blanks, single and double quotes, a backslash
 * before a line break or any character.
 */
export const splitWords = (text: string): string[] => {
  const words: string[] = [];
  const part = /(?<blank>(?:\s|\\\n)+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\.)*)"|\\(?<escaped>.)|(?<plain>[^\s'"\\]+)/gsuy;
  let word: string | undefined;
  for (const { groups = {} } of text.matchAll(part)) {
    const { blank, single, double, escaped, plain } = groups;
    if (blank === undefined) {
      word = (word ?? '') + (single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? '');
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
};
