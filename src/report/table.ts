/** A column of a table for people. */
export interface Column {
  readonly title: string;
  /** Longest text in characters, longer ones are cut; `rest`: what the other columns leave of the table's width. */
  readonly max: number | 'rest';
}

/** Characters of a line that a terminal of usual width shows without wrapping. */
const LINE_WIDTH = 120;

const GAP = '  ';

/** Names come from files and databases: what would move the cursor of a terminal must not reach it. */
const printable = (text: string): string => text.replaceAll(/\p{C}+/gu, '?');

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);

const widest = (cells: readonly (readonly string[])[], index: number): number =>
  Math.max(...cells.map((row) => row[index]?.length ?? 0));

/** Columns are as wide as their widest text within their limit; one of `rest` shares no limit but the table's. */
const widthsOf = (columns: readonly Column[], cells: readonly (readonly string[])[], width: number): number[] => {
  const natural = columns.map(({ max }, index) => Math.min(widest(cells, index), max === 'rest' ? Infinity : max));
  const others = columns.reduce((sum, { max }, index) => sum + (max === 'rest' ? 0 : (natural[index] ?? 0)), 0);
  const left = Math.max(1, width - others - GAP.length * (columns.length - 1));
  return columns.map(({ max }, index) => Math.min(natural[index] ?? 0, max === 'rest' ? left : max));
};

/**
 * Rows as aligned lines, the titles first.
 * @param width the most characters of a line; at most one column may be of `rest`
 */
export const alignTable = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = LINE_WIDTH,
): readonly string[] => {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => columns.map((_, index) => printable(row[index] ?? '')));
  const widths = widthsOf(columns, cells, width);
  return cells.map((row) =>
    row
      .map((cell, index) => cut(cell, widths[index] ?? 0).padEnd(widths[index] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
};
