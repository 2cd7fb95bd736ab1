import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { planJson } from '../../src/report/plan-json.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { MDEV_UUID, SERVER, withFds, withMediatedDevice, withMemlock, withoutIsolation, WORKSTATION } from '../plan/hosts.ts';
import { EXAMPLE_HOSTS, exampleHost, planOf } from '../plan/planning.ts';
import { DESKTOP, vfLine } from './drawing.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const SCHEMA = JSON.parse(readFileSync(path.join(ROOT, 'docs/plan.schema.json'), 'utf8'));

const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(SCHEMA);

/** What a program reads: the printed text, parsed. */
const printed = (plan: Plan) => JSON.parse(JSON.stringify(planJson(plan)));

const expectValid = (document: unknown): void => {
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
};

const LINES: readonly string[] = [
  '',
  DESKTOP,
  vfLine(),
  '-machine q35 -m 4G -device vfio-pci,host=01:00.0',
  '-m 1G -device vfio-iommu-pci,host=06:00.0 -device vfio-pci,host=ff:00.0',
  '-object iommufd,id=i,compat=type1v2 -device vfio-pci,id=a,host=01:00.0,iommufd=i -device vfio-pci,id=b,host=01:00.1',
  '-device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.0 -device vfio-pci,sysfsdev=/sys/bus/platform/devices/x',
  '-object memory-backend-ram,id=m,size=9007199254743040,share=on,host-nodes=0-1,policy=bind -machine memory-backend=m -device vfio-pci,host=06:00.0',
  '-object memory-backend-memfd,id=m,size=1G -machine memory-backend=m -object iommufd,id=c,fd=99 -device vfio-pci,fd=98,iommufd=c',
];

describe('docs/plan.schema.json', () => {
  test('is what its source gives', () => {
    const { status, stderr } = spawnSync('node_modules/.bin/tsx', ['scripts/generate-schemas.ts', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('describes every key', () => {
    const missing: string[] = [];
    const visit = (schema: { properties?: object; items?: object; description?: string }, at: string): void => {
      if (schema.description === undefined) missing.push(at);
      for (const [name, property] of Object.entries(schema.properties ?? {})) visit(property, `${at}.${name}`);
      if (schema.items !== undefined) visit(schema.items, `${at}[]`);
    };
    visit(SCHEMA, '');
    expect(missing).toEqual([]);
  });

  test.each(EXAMPLE_HOSTS.flatMap((host) => LINES.map((line) => ({ host, line: line.slice(0, 300), whole: line }))))(
    'holds for $host: $line',
    ({ host, whole }) => expectValid(printed(planOf(whole, exampleHost(host)))),
  );

  test.each([
    ['passed fds', withFds(WORKSTATION, { 20: { kind: 'iommufd' }, 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } })],
    ['passed fds that are something else', withFds(WORKSTATION, { 20: { kind: 'socket' }, 21: { kind: 'closed' } })],
    ['an fd of a device nobody can name', withFds(WORKSTATION, { 20: { kind: 'iommufd' }, 21: { kind: 'vfio-cdev' } })],
  ])('holds for %s', (_what, host) => {
    expectValid(printed(planOf('-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i', host)));
  });

  test('holds for a mediated device', () => {
    expectValid(printed(planOf(`-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID}`, withMediatedDevice(WORKSTATION))));
  });

  test.each([0n, 4096n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 4096n])('holds for a limit of %d bytes', (limit) => {
    expectValid(printed(planOf(DESKTOP, withMemlock(withoutIsolation(WORKSTATION), limit))));
  });

  test('holds for a device whose backend is not allowed', () => {
    expectValid(printed(planOf('-device vfio-pci,host=01:00.0', WORKSTATION, { enabled: new Set(['iommufd']) })));
  });
});

type Document = Record<string, never>;

const changed = (change: (document: Document) => unknown): unknown => {
  const document: Document = printed(
    planOf('-device vfio-pci,host=41:02.0 -device vfio-pci,host=ff:00.0 -object iommufd,id=i', SERVER),
  );
  change(document);
  return document;
};

const at = (document: unknown, where: string): Record<string, unknown> =>
  where === ''
    ? Object(document)
    : where.split('.').reduce<Record<string, unknown>>((value, key) => Object(value[key]), Object(document));

describe('docs/plan.schema.json refuses', () => {
  const SECTIONS = [
    '',
    'machine',
    'objects.0',
    'devices.0',
    'addressSpaces.0',
    'addressSpaces.0.maps.0',
    'memlock',
    'timeline',
    'problems.0',
  ];
  const whole = changed(() => undefined);

  test('nothing in the document that is changed below', () => expectValid(whole));

  test.each(SECTIONS.flatMap((where) => Object.keys(at(whole, where)).map((key) => ({ where, key }))))(
    'a document without $where $key',
    ({ where, key }) => {
      expect(validate(changed((document) => delete at(document, where)[key]))).toBe(false);
    },
  );

  test.each(SECTIONS)('a key nobody knows in "%s"', (where) => {
    expect(validate(changed((document) => Object.assign(at(document, where), { surprise: 1 })))).toBe(false);
  });

  test.each([
    ['', 'schema', 'vmattach.plan/2'],
    ['machine', 'memoryBytes', 2 ** 53],
    ['machine', 'memoryBytes', -1],
    ['machine', 'memoryBytes', '1024'],
    ['machine', 'engine', 'other'],
    ['devices.0', 'backend', 'vfio'],
    ['devices.0', 'group', '14'],
    ['addressSpaces.0', 'devices', []],
    ['addressSpaces.0.maps.0', 'iova', '0'],
    ['addressSpaces.0.maps.0', 'iova', '0X10'],
    ['memlock', 'limitBytes', 'infinite'],
    ['timeline', 'predictedMs', '12'],
    ['problems.0', 'code', 'OUT_OF_LUCK'],
    ['problems.0', 'fixes', null],
  ])('%s %s as %j', (where, key, value) => {
    expect(validate(changed((document) => Object.assign(at(document, where), { [key]: value })))).toBe(false);
  });
});

test('a plan with the command line of an engine is valid', () => {
  const exec = { path: '/usr/bin/qemu', argv: ['-S'], changes: [{ from: null, to: '-S', reasons: ['a reason'] }] };
  validate(changed((document) => Object.assign(document, { exec })));
  expect(validate.errors ?? []).toEqual([]);
  expect(validate(changed((document) => Object.assign(document, { exec: null })))).toBe(false);
});
