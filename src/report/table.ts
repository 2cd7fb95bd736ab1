/** A column of a table for people. */
export interface Column {
  readonly title: string;
  /** Longest text in characters; what is longer is cut. */
  readonly max: number;
}

const GAP = '  ';

/** Names come from files and databases: what would move the cursor of a terminal must not reach it. */
const printable = (text: string): string => text.replaceAll(/\p{C}+/gu, '?');

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);

/**
 * Rows as aligned lines, the titles first. Columns are as wide as their widest text, so a table never gets wider than the sum of its
 * columns' longest texts and the gaps between them.
 */
export const alignTable = (columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] => {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ max }, index) => cut(printable(row[index] ?? ''), max)),
  );
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
};
