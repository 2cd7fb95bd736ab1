import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { failure } from '../../src/errors/problem.ts';
import type { HostModel } from '../../src/host/model.ts';
import { hostAnswerJson } from '../../src/report/fleet-json.ts';
import { FleetTable } from '../../src/report/fleet-text.ts';
import type { HostAnswer } from '../../src/report/host-answer.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { exampleHost, planOf } from '../plan/planning.ts';

const LINE = '-m 1G -object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=06:00.0';

const answer = (host: string, model: HostModel, line = LINE): HostAnswer => {
  const plan = planOf(line, model);
  return { host, file: `hosts/${host}.json`, plan, problems: plan.problems };
};

const damaged = (host: string): HostAnswer => ({
  host,
  file: `hosts/${host}.json`,
  plan: undefined,
  problems: [failure('HOST_MODEL', `host model hosts/${host}.json: devices[3].address: expected a PCI address, found 7`).problem],
});

const SCHEMA = path.resolve(import.meta.dirname, '../../docs/fleet.schema.json');
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));

const KEYS = ['schema', 'host', 'file', 'ok', 'backends', 'memlock', 'predictedMs', 'problems'];

describe('hostAnswerJson', () => {
  test('of a host that can run the launch', () => {
    const { schema, ok, backends, memlock, predictedMs, problems } = hostAnswerJson(answer('a', WORKSTATION));
    expect({ schema, ok, backends }).toEqual({ schema: 'vmattach.fleet/1', ok: true, backends: ['type1', 'iommufd'] });
    expect(memlock).toMatchObject({ requiredBytes: 2 ** 30, sufficient: true });
    expect(predictedMs).toBeGreaterThan(0);
    expect(problems.map(({ code }) => code)).toEqual(['DOUBLE_MAP']);
  });

  test('of a host that cannot: what would be used is there, how long it would take is not', () => {
    const json = hostAnswerJson(answer('b', exampleHost('no-iommu')));
    expect(json).toMatchObject({ ok: false, backends: ['type1', 'iommufd'], predictedMs: null });
    expect(json.problems.map(({ code }) => code)).toContain('NO_IOMMU');
  });

  test('of a damaged model', () => {
    expect(hostAnswerJson(damaged('c'))).toMatchObject({ ok: false, backends: [], memlock: null, predictedMs: null });
  });

  test.each([answer('a', WORKSTATION), answer('b', exampleHost('no-iommu')), answer('e', WORKSTATION, ''), damaged('c')])(
    'has the same keys for $host, and is as published',
    (given) => {
      const json: object = JSON.parse(JSON.stringify(hostAnswerJson(given)));
      expect(Object.keys(json)).toEqual(KEYS);
      validate(json);
      expect(validate.errors ?? []).toEqual([]);
    },
  );

  test('docs/fleet.schema.json refuses an answer without a key', () => {
    const { ok: _, ...rest } = hostAnswerJson(answer('a', WORKSTATION));
    expect(validate(JSON.parse(JSON.stringify(rest)))).toBe(false);
  });
});

describe('FleetTable', () => {
  const answers = [
    answer('desk', WORKSTATION),
    answer('rack-17', exampleHost('no-iommu')),
    damaged('lost'),
    answer('x', exampleHost('unprepared')),
  ];

  test('aligns the columns before it has seen the rows, and counts', () => {
    const table = new FleetTable(answers.map(({ host }) => host));
    const lines = [table.heading(), ...answers.map((given) => table.row(given))];
    const column = lines[0]?.indexOf('first problem') ?? -1;
    for (const line of lines.slice(1)) expect(line.slice(column - 2)).toMatch(/^ {2}[A-Z]/);
    expect(lines.slice(1).map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['desk', 'yes'],
      ['rack-17', 'no'],
      ['lost', '-'],
      ['x', 'no'],
    ]);
    expect(table.summary()).toMatch(/^1 of 4 hosts can run this launch; others: 1 HOST_MODEL, 1 \w+, 1 \w+$/);
  });

  test('names the first error rather than a warning before it, and how many more there are', () => {
    const [given = damaged('y')] = answers;
    const warning = { code: 'DOUBLE_MAP', severity: 'warning', message: 'twice' } as const;
    const error = { code: 'BUSY', severity: 'error', message: 'busy', cause: 'held by process 9' } as const;
    const table = new FleetTable(['desk']);
    expect(table.row({ ...given, problems: [warning, error] })).toMatch(/ {2}BUSY: held by process 9 \(and 1 more\)$/);
    expect(table.row({ ...given, problems: [warning] })).toMatch(/ {2}DOUBLE_MAP \(warning\): /);
    expect(table.row({ ...given, problems: [] })).toMatch(/ ms$/);
  });

  test('cuts a long cause, and moves a row with a name of uncommon length', () => {
    const name = 'h'.repeat(100);
    const table = new FleetTable([name, 'a']);
    const row = table.row({ ...damaged(name), problems: [failure('BUSY', 'x', { cause: 'c'.repeat(500) }).problem] });
    expect(row.startsWith(`${name}  -`)).toBe(true);
    expect(row).toMatch(/c…$/);
    expect(table.heading().length).toBeLessThan(120);
  });
});
