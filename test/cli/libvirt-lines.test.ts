import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { device, group, hostModel, unprivileged } from '../host/models.ts';
import { ROOT, run } from './run.ts';
import { splitWords } from './shell-words.ts';

const PEERS = path.join(ROOT, '../shared/peers');
const LIBVIRT = path.join(PEERS, 'libvirt-args');
const PROXMOX = path.join(PEERS, 'q35-linux-hostpci.conf.cmd');
const missing = existsSync(LIBVIRT) && existsSync(PROXMOX) ? undefined : 'no folder ../shared/peers beside the project';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Options that only this layer's own build of QEMU has, with their argument. */
const PATCHED_IN = new Set(['-id']);

const withoutPatches = (args: readonly string[]): string[] =>
  args.filter((word, index) => !PATCHED_IN.has(word) && !PATCHED_IN.has(args[index - 1] ?? ''));

/** One of the files names slots above 1f, which no PCI bus has, and QEMU refuses; it was made without hardware. */
const withRealSlot = (word: string): string =>
  word.replace(/(host=0000:00:)(f[f4])/, (_, bus: string, slot: string) => bus + (Number.parseInt(slot, 16) & 0x1f).toString(16));

/** The words after the program, with a number for each fd that the management layer would have passed. */
const argumentsOf = (file: string): string[] => {
  const words = splitWords(readFileSync(file, 'utf8'));
  const program = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const names = new Map<string, number>();
  const numberOf = (name: string): string => {
    names.set(name, names.get(name) ?? 30 + names.size);
    return String(names.get(name));
  };
  return withoutPatches(words.slice(program + 1)).map((word) => withRealSlot(word.replaceAll(/@[\w-]+-fd@/g, numberOf)));
};

type Properties = Readonly<Record<string, string | undefined>>;

/** Both forms as text properties; enough for the lines here, which have no `,,`. */
const propertiesOf = (text: string): Properties => {
  if (text.startsWith('{')) return JSON.parse(text);
  const [driver, ...pairs] = text.split(',');
  return { driver, ...Object.fromEntries(pairs.map((pair) => pair.split('='))) };
};

const valuesOf = (args: readonly string[], option: string): Properties[] =>
  args.flatMap((word, index) => (word === option ? [propertiesOf(args[index + 1] ?? '')] : []));

const isVfio = ({ driver = '' }: Properties): boolean => driver.startsWith('vfio-');

const writeModel = (model: HostModel): string => {
  const file = path.join(folder, 'host.json');
  writeFileSync(file, JSON.stringify(model));
  return file;
};

/** A host on which every device of the line exists, is bound, and has a group of its own. */
const hostFor = (args: readonly string[]): string => {
  const devices = valuesOf(args, '-device').filter(isVfio);
  const cdev = (index: number) => ({ name: `vfio${index}`, device: `511:${index}` });
  const mediated = ({ sysfsdev }: Properties): boolean => sysfsdev !== undefined;
  const addressOf = ({ host, fd }: Properties): string => host ?? `0000:7f:00.${Number(fd) % 8}`;
  const model = hostModel({
    process: unprivileged({ uid: 0, gid: 0, capabilities: ['CAP_IPC_LOCK', 'CAP_DAC_OVERRIDE'] }),
    groups: devices.map((_, index) => group({ id: index + 1 })),
    devices: devices.flatMap((properties, index) =>
      mediated(properties)
        ? []
        : [device({ address: addressOf(properties), driver: 'vfio-pci', group: index + 1, cdev: cdev(index) })],
    ),
    mediatedDevices: devices.flatMap(({ sysfsdev }, index) =>
      sysfsdev === undefined
        ? []
        : [
            {
              uuid: path.basename(sysfsdev),
              parent: '0000:00:02.0',
              type: 'example-1',
              deviceApi: 'vfio-pci',
              group: index + 1,
              cdev: cdev(index),
            },
          ],
    ),
    fds: Object.fromEntries([
      ...valuesOf(args, '-object').flatMap(({ fd }) => (fd === undefined ? [] : [[fd, { kind: 'iommufd' }]])),
      ...devices.flatMap((properties) =>
        properties['fd'] === undefined ? [] : [[properties['fd'], { kind: 'vfio-cdev', address: addressOf(properties) }]],
      ),
    ]),
  });
  return writeModel(model);
};

const files = missing === undefined ? [...readdirSync(LIBVIRT).map((name) => path.join(LIBVIRT, name)), PROXMOX] : [];
const lines = files.map((file): [string, string] => [path.basename(file), file]);

if (missing !== undefined) test.skip(`recorded command lines are not here: ${missing}`, () => {});

describe.runIf(missing === undefined)('a command line of a management layer', () => {
  test.each(lines)('%s: every vfio device is planned, with the backend that the line says', async (_name, file) => {
    const args = argumentsOf(file);
    const { status, stdout, stderr } = await run(['plan', '--format', 'json', '--host-model', hostFor(args), ...args]);
    const plan = JSON.parse(stdout);
    const wanted = valuesOf(args, '-device')
      .filter(isVfio)
      .map(({ id, driver, iommufd }) => ({ id, type: driver, backend: iommufd === undefined ? 'type1' : 'iommufd' }));
    expect(wanted.length).toBeGreaterThan(0);
    const problems: { readonly severity: string }[] = plan.problems;
    const serious = problems.filter(({ severity }) => severity !== 'info');
    expect({ status, stderr, serious }).toEqual({ status: 0, stderr: '', serious: [] });
    expect(plan.devices).toMatchObject(wanted);
    expect(plan.exec).toMatchObject({ argv: args, changes: [] });
  });

  test.each(lines)('%s: on a host without these devices, each of them is a problem of the plan', async (_name, file) => {
    const args = argumentsOf(file);
    const { status, stdout, stderr } = await run([
      'plan',
      '--format',
      'json',
      '--host-model',
      writeModel(hostModel({ devices: [] })),
      ...args,
    ]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const problems: { readonly code: string; readonly severity: string }[] = JSON.parse(stdout).problems;
    const errors = problems.filter(({ severity }) => severity === 'error').map(({ code }) => code);
    const objectsWithFd = valuesOf(args, '-object').filter(({ fd }) => fd !== undefined);
    expect(errors).toHaveLength(valuesOf(args, '-device').filter(isVfio).length + objectsWithFd.length);
    expect(errors.every((code) => code === 'NO_SUCH_DEVICE' || code === 'FD_NOT_OPEN')).toBe(true);
  });
});
