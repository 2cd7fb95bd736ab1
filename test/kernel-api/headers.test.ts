import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as constants from '../../src/kernel/uapi/constants.ts';
import type { FieldType } from '../../src/kernel/uapi/field.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { STRUCTS, type StructLayout } from '../../src/kernel/uapi/structs.ts';
import { cConstants, namedGroups } from './c-names.ts';
import { measureHeaders, type Measured } from './measure-headers.ts';

const SIZES: Record<FieldType, bigint> = { u8: 1n, u16: 2n, u32: 4n, u64: 8n, s32: 4n };
const LINUX_7_2 = 0x7_02_00n;

/** Headers other than the installed ones: a folder that has `linux/vfio.h` in it. */
const directory = process.env['VMATTACH_UAPI_HEADERS'];
const headers = ['linux/vfio.h', 'linux/iommufd.h'].filter((header) => existsSync(join(directory ?? '/usr/include', header)));

const whyNot = (): string | undefined => {
  if (spawnSync('gcc', ['--version']).status !== 0) return 'gcc is not installed';
  return headers.length === 0 ? 'linux/vfio.h is not installed (Debian: linux-libc-dev)' : undefined;
};

const layouts = Object.entries<StructLayout>(STRUCTS);

const fieldExpressions = (struct: string, field: string, type: FieldType): [string, bigint][] => {
  const member = `((struct ${struct} *)0)->${field}`;
  return [
    [`sizeof(${member})`, SIZES[type]],
    [`(__typeof__(${member}))-1 < (__typeof__(${member}))0`, type === 's32' ? 1n : 0n],
  ];
};

const fields = layouts.flatMap(([struct, layout]) =>
  Object.entries(layout.fields).flatMap(([field, { offset, type }]): [string, bigint][] => [
    [`offsetof(struct ${struct}, ${field})`, BigInt(offset)],
    ...fieldExpressions(struct, field, type),
  ]),
);
const sizes = layouts.map(([struct, { size }]): [string, bigint] => [`sizeof(struct ${struct})`, BigInt(size)]);
const ioctls = Object.entries(IOCTLS).map(([name, { number }]): [string, bigint] => [name, BigInt(number)]);
const everything = [...sizes, ...fields, ...ioctls, ...cConstants];

/** A struct that has grown is shorter in older headers. */
const lacksFields = ({ unknown }: Measured, struct: string): boolean =>
  Object.keys(STRUCTS).includes(struct) && [...unknown].some((expression) => expression.startsWith(`offsetof(struct ${struct}, `));

const structOf = (expression: string): string => /^sizeof\(struct (\w+)\)$/.exec(expression)?.[1] ?? '';

/** What is unknown, without the fields of structs that are unknown as a whole. */
const unknownNames = ({ unknown }: Measured): string[] =>
  [...unknown].flatMap((expression) => {
    const field = /^offsetof\(struct (\w+), (.+)\)$/.exec(expression);
    if (field) return unknown.has(`sizeof(struct ${field[1]})`) ? [] : [`${field[1]}.${field[2]}`];
    return expression.includes('*)0)->') ? [] : [structOf(expression) || expression];
  });

test('every group of constants has its C names written down', () => {
  const groups = Object.entries(constants).filter(([, value]) => typeof value === 'object' && !namedGroups.has(value));
  expect(groups.map(([name]) => name)).toEqual([]);
});

const reason = whyNot();

const measured: Measured =
  reason === undefined
    ? measureHeaders(headers, ['LINUX_VERSION_CODE', ...everything.map(([expression]) => expression)], directory)
    : { values: new Map(), unknown: new Set() };

describe.skipIf(reason !== undefined)(`the tables agree with ${headers.join(' and ')} of ${directory ?? '/usr/include'}`, () => {
  const { values, unknown } = measured;

  test.each([
    { what: 'sizes', expected: sizes.filter(([expression]) => !lacksFields(measured, structOf(expression))) },
    { what: 'fields', expected: fields },
    { what: 'ioctl numbers', expected: ioctls },
    { what: 'constants', expected: cConstants },
  ])('$what', ({ what, expected }) => {
    const known = expected.filter(([expression]) => values.has(expression));
    expect(known.map(([expression]) => [expression, values.get(expression)])).toEqual(known);
    console.log(`${what}: ${known.length} of ${expected.length} compared`);
    expect(known.length).toBeGreaterThan(0);
  });

  test('names what these headers are too old to know; headers of Linux 7.2 know all', () => {
    const names = unknownNames(measured);
    if (names.length > 0) console.log(`not in these headers (${names.length}): ${names.join(', ')}`);
    if ((values.get('LINUX_VERSION_CODE') ?? 0n) >= LINUX_7_2 && headers.length === 2) expect([...unknown]).toEqual([]);
  });
});

if (reason !== undefined) {
  test.skip(`the tables are not compared with the kernel's headers: ${reason}`, () => {});
}
