import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { ROOT, run, WORKSTATION } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = path.join(folder, 'model.json');
const LIMIT = 5_000;

const planOn = (text: string) => {
  writeFileSync(FILE, text);
  return run(['plan', '--host-model', FILE]);
};

test.each([
  ['a file that does not exist', '/nonexistent/host.json', 'ENOENT'],
  ['no name', '', 'ENOENT'],
])('%s as a host model: the system says why', async (_title, file, reason) => {
  const outcome = await run(['plan', '--host-model', file]);
  expectClearError(outcome, `--host-model ${file}: cannot read host model ${file}`);
  expect(outcome.stderr).toContain(reason);
});

describe('a file that is no host model is told from a damaged one', () => {
  const NOT_JSON = 'not JSON: line';
  const FOREIGN = 'is not a vmattach host model: no "schema"';
  const cases = [
    ['nothing', '', NOT_JSON],
    ['prose', 'hello\n', NOT_JSON],
    ['bytes', '\u0000\u0001\u0002', NOT_JSON],
    ['half a model', readFileSync(path.join(ROOT, WORKSTATION), 'utf8').slice(0, 4_000), NOT_JSON],
    ['lists in lists', '['.repeat(1_000_000), NOT_JSON],
    ['objects in objects', '{"a":'.repeat(200_000), NOT_JSON],
    ['deep but whole lists', '['.repeat(5_000) + ']'.repeat(5_000), FOREIGN],
    ['a number', '7', FOREIGN],
    ['null', 'null', FOREIGN],
    ['a list', '[]', FOREIGN],
    ['the JSON of another program', '{"name":"x","version":"1.0.0"}', FOREIGN],
    ['a later schema', '{"schema":"vmattach.host/99"}', 'schema: expected "vmattach.host/1", found "vmattach.host/99"'],
  ] as const;
  test.each(cases)('%s', { timeout: LIMIT }, async (_title, text, message) => {
    const outcome = await planOn(text);
    expectClearError(outcome);
    expect(outcome.stderr).toContain(message);
    expect(outcome.stderr.length).toBeLessThan(2_000);
  });
});

type JsonValue = string | number | null | JsonValue[] | { [key: string]: JsonValue };

/** A copy of a JSON value with another value at a path; `undefined` takes the member away. */
const changed = (
  value: JsonValue | undefined,
  keys: readonly (string | number)[],
  to: JsonValue | undefined,
): JsonValue | undefined => {
  const [key, ...rest] = keys;
  if (key === undefined) return to;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? (changed(item, rest, to) ?? null) : item));
  if (typeof value !== 'object' || value === null) throw new Error(`no member ${key} in ${String(value)}`);
  const { [key]: member, ...others } = value;
  const replaced = changed(member, rest, to);
  return replaced === undefined ? others : { ...others, [key]: replaced };
};

describe('a damaged model: the place is named as a JSON path, with what was expected', () => {
  const cases: readonly (readonly [place: string, keys: readonly (string | number)[], to: JsonValue | undefined])[] = [
    ['devices[7].address', ['devices', 7, 'address'], 5],
    ['devices[0].group', ['devices', 0, 'group'], 'one'],
    ['devices[2].resetMethods', ['devices', 2, 'resetMethods'], null],
    ['devices[3]', ['devices', 3, 'vendor'], undefined],
    ['groups[1].reserved[0].start', ['groups', 1, 'reserved', 0, 'start'], '4 GiB'],
    ['kernel.release', ['kernel', 'release'], ['6', '12']],
    ['process.memlock.soft', ['process', 'memlock', 'soft'], {}],
    ['nodes["/dev/iommu"].mode', ['nodes', '/dev/iommu', 'mode'], 'rw-rw----'],
    ['iommus', ['iommus'], {}],
    ['process', ['process'], undefined],
    ['extra', ['extra'], 1],
  ];
  test.each(cases)('%s', async (place, keys, to) => {
    const model: JsonValue = JSON.parse(readFileSync(path.join(ROOT, WORKSTATION), 'utf8'));
    const outcome = await planOn(JSON.stringify(changed(model, keys, to)));
    expectClearError(outcome, /: expected /);
    expect(outcome.stderr).toContain(place);
  });
});
