import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignTable, type Column } from '../../src/report/table.ts';

const COLUMNS: readonly Column[] = [
  { title: 'A', max: 4 },
  { title: 'NAME', max: 'rest' },
  { title: 'LAST', max: 6 },
];

describe('alignTable', () => {
  test('columns are as wide as their widest text, and no line ends with blanks', () => {
    expect(
      alignTable(COLUMNS, [
        ['1', 'one', 'x'],
        ['22', 'twenty-two', ''],
      ]),
    ).toEqual(['A   NAME        LAST', '1   one         x', '22  twenty-two']);
  });

  test('cuts what is longer than its column, and the column without a limit to what is left', () => {
    expect(alignTable(COLUMNS, [['12345', 'a long name', '1234567']], 20)).toEqual(['A     NAME    LAST', '123…  a lon…  12345…']);
  });

  test('what would move the cursor becomes a question mark', () => {
    expect(alignTable(COLUMNS, [['1', 'a\u001B[2Jb\nc\u202Ed', '']])[1]).toBe('1  a?[2Jb?c?d');
  });

  test('no line is longer than the table, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.string({ maxLength: 300 }), fc.string())), (rows) => {
        const lines = alignTable(COLUMNS, rows);
        expect(lines).toHaveLength(rows.length + 1);
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(120);
          expect(line).not.toMatch(/[\r\n]/);
        }
      }),
    );
  });
});
