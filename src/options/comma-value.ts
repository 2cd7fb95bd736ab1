/**
 * The value at `from`: up to the next single comma or the end, two commas standing for one. `end` is the index of that comma.
 * The same in keyval and QemuOpts.
 */
export const readCommaValue = (text: string, from: number): { readonly value: string; readonly end: number } => {
  let value = '';
  let at = from;
  for (;;) {
    const comma = text.indexOf(',', at);
    if (comma === -1) return { value: value + text.slice(at), end: text.length };
    value += text.slice(at, comma);
    if (text[comma + 1] !== ',') return { value, end: comma };
    value += ',';
    at = comma + 2;
  }
};
