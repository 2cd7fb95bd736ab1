import { failure } from '../errors/problem.ts';

/** A section of a configuration file: one item, as an option of that group would give it. */
export interface ConfigSection {
  readonly group: string;
  /** `id` is among them where the section has one. */
  readonly values: ReadonlyMap<string, string>;
  /** Line of its last value, from 1; that of the section itself where it has none. */
  readonly line: number;
}

/** What sscanf(3) takes for each kind of line: words have at most 63 characters, values 1023. */
const SECTION_WITH_ID = /^\[\s*(\S{1,63})(?=\s)\s*"([^"]{1,63})/;
const SECTION = /^\[([^\]]{1,63})/;
const VALUE = /^\s*(\S{1,63})(?=\s|$)(?:\s*=\s*"([^"]{1,1023}))?/;

interface OpenSection {
  readonly group: string;
  readonly values: Map<string, string>;
  line: number;
}

const openSection = (text: string, line: number): OpenSection | undefined => {
  const withId = SECTION_WITH_ID.exec(text);
  if (withId !== null) return { group: withId[1] ?? '', values: new Map([['id', withId[2] ?? '']]), line };
  const plain = SECTION.exec(text);
  return plain === null ? undefined : { group: plain[1] ?? '', values: new Map(), line };
};

/**
 * The sections of a `-readconfig` file (util/qemu-config.c): `[group]` or `[group "id"]`, then `key = "value"` lines; `#` begins a comment.
 * As in QEMU a value without quotes is an empty one.
 * @throws SYNTAX in QEMU's words
 */
export const parseConfigFile = (text: string): readonly ConfigSection[] => {
  const sections: OpenSection[] = [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  lines.forEach((content, index) => {
    if (content === '' || content.startsWith('#')) return;
    const section = openSection(content, index + 1);
    if (section !== undefined) {
      sections.push(section);
      return;
    }
    const value = VALUE.exec(content);
    const current = sections.at(-1);
    if (value === null)
      throw failure('SYNTAX', 'parse error', { cause: `line ${index + 1} is neither a section nor key = "value"` });
    if (current === undefined) {
      throw failure('SYNTAX', 'no group defined', { cause: `line ${index + 1} comes before the first [section]` });
    }
    current.values.set(value[1] ?? '', value[2] ?? '');
    current.line = index + 1;
  });
  return sections;
};
