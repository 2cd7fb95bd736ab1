import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { createSimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { examine } from '../../src/preflight/examine.ts';
import { listDevices } from '../../src/preflight/list-devices.ts';
import { probeKernel } from '../../src/preflight/probe-kernel.ts';
import { devicesJson } from '../../src/report/devices-json.ts';
import { doctorJson } from '../../src/report/doctor-json.ts';
import { probeJson } from '../../src/report/probe-json.ts';
import { EXAMPLE_HOSTS, exampleHost, planOf } from '../plan/planning.ts';

const read = (name: string) => JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../docs', name), 'utf8'));

const compile = (schema: object) => new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

/** What a program reads: the printed text, parsed. */
const printed = (document: unknown) => JSON.parse(JSON.stringify(document));

const LINES = [
  '-m 1G -device vfio-pci,host=06:00.0',
  '-m 1G -object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=01:00.1',
  '-m 1G -object iommufd,id=i,fd=99 -device vfio-pci,fd=98,iommufd=i -device vfio-pci,host=ff:00.0',
  '-object iommufd,id=i',
];

describe.each(['devices.schema.json', 'doctor.schema.json', 'probe.schema.json'])('docs/%s', (name) => {
  test('describes every key', () => {
    const missing: string[] = [];
    const visit = (schema: { properties?: object; items?: object; description?: string }, at: string): void => {
      if (schema.description === undefined) missing.push(at);
      for (const [key, property] of Object.entries(schema.properties ?? {})) visit(property, `${at}.${key}`);
      if (schema.items !== undefined) visit(schema.items, `${at}[]`);
    };
    visit(read(name), '');
    expect(missing).toEqual([]);
  });
});

describe('docs/devices.schema.json', () => {
  const validate = compile(read('devices.schema.json'));
  const documentOf = (words: readonly string[]) =>
    EXAMPLE_HOSTS.map((name) => printed(devicesJson(listDevices(exampleHost(name), { words, bridges: true }))));

  test.each([{ words: [] }, { words: ['gpu'] }, { words: ['nonsense'] }])('holds for every example host: $words', ({ words }) => {
    for (const document of documentOf(words)) {
      validate(document);
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  test('refuses a key too few or too many', () => {
    const [document] = documentOf(['gpu']);
    const [device] = document.devices;
    const { passable: _, ...without } = device;
    expect(validate({ ...document, devices: [without] })).toBe(false);
    expect(validate({ ...document, devices: [{ ...device, serial: 'x' }] })).toBe(false);
  });
});

describe('docs/probe.schema.json', () => {
  const validate = compile(read('probe.schema.json'));

  test.each(EXAMPLE_HOSTS)('holds for %s, and nothing stays open', (name) => {
    const model = exampleHost(name);
    const kernel = createSimulatedKernel(model);
    const document = printed(probeJson(model, probeKernel(kernel)));
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(document.backends.map(({ backend }: { backend: string }) => backend)).toEqual(['type1', 'iommufd', 'iommufd-compat']);
    expect(kernel.leftovers()).toEqual([]);
    expect(validate({ ...document, host: 'x' })).toBe(false);
  });
});

describe('docs/doctor.schema.json', () => {
  const validate = compile(read('doctor.schema.json'));

  test.each(EXAMPLE_HOSTS)('holds for %s, with and without a launch', (name) => {
    const host = exampleHost(name);
    for (const plan of [undefined, ...LINES.map((line) => planOf(line, host))]) {
      validate(printed(doctorJson(examine(host, plan))));
      expect(validate.errors ?? []).toEqual([]);
    }
  });

  test('refuses a key too few and an unknown criterion', () => {
    const document = printed(doctorJson(examine(exampleHost('workstation'), undefined)));
    const { readiness: _, ...without } = document;
    expect(validate(without)).toBe(false);
    expect(validate({ ...document, criteria: [{ ...document.criteria[0], id: 'horoscope' }] })).toBe(false);
  });
});
