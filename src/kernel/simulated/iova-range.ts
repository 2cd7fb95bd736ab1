/** IOVAs from `start` to `last`, both inclusive, so that the whole 64-bit space can be written down. */
export interface IovaRange {
  readonly start: bigint;
  readonly last: bigint;
}

export const U64_MAX = 0xffff_ffff_ffff_ffffn;

export const overlaps = (a: IovaRange, b: IovaRange): boolean => a.start <= b.last && b.start <= a.last;

export const contains = (outer: IovaRange, inner: IovaRange): boolean => outer.start <= inner.start && inner.last <= outer.last;

const withoutOne = (range: IovaRange, hole: IovaRange): readonly IovaRange[] => {
  if (!overlaps(range, hole)) return [range];
  const below = range.start < hole.start ? [{ start: range.start, last: hole.start - 1n }] : [];
  const above = hole.last < range.last ? [{ start: hole.last + 1n, last: range.last }] : [];
  return [...below, ...above];
};

/** What is left of `ranges` when `holes` are taken out, in ascending order. */
export const subtract = (ranges: readonly IovaRange[], holes: Iterable<IovaRange>): readonly IovaRange[] => {
  let left = ranges;
  for (const hole of holes) left = left.flatMap((range) => withoutOne(range, hole));
  return left.toSorted((a, b) => (a.start < b.start ? -1 : 1));
};

/** The parts that lie in both. */
export const intersect = (a: readonly IovaRange[], b: readonly IovaRange[]): readonly IovaRange[] =>
  a.flatMap((one) =>
    b
      .filter((other) => overlaps(one, other))
      .map((other) => ({
        start: one.start > other.start ? one.start : other.start,
        last: one.last < other.last ? one.last : other.last,
      })),
  );
