import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VmattachError } from '../../src/errors/problem.ts';
import { parseHostModel, readHostModelFile } from '../../src/host/load-model.ts';
import type { FdKind, HostModel } from '../../src/host/model.ts';
import { device, group, hostModel, node, unprivileged } from './models.ts';
import { named, problemOf, problemOfModel } from './refusals.ts';

/** A model made wrong on purpose, past the types. */
const broken = (changes: Record<string, unknown>): unknown => ({ ...hostModel(), ...changes });

describe('parseHostModel accepts', () => {
  const everyKey: HostModel = hostModel({
    description: 'all keys there are',
    devices: [
      device({
        enabledVfs: 1,
        name: 'a physical function',
        bridge: '0000:00:01.0',
        numaNode: 0,
        bars: [{ index: 0, size: '0x1000' }],
      }),
      device({
        address: '10000:e1:1f.7',
        driver: 'vfio-pci',
        cdev: { name: 'vfio0', device: '511:0' },
        physicalFunction: '0000:01:00.0',
        bridge: null,
      }),
    ],
    mediatedDevices: [
      {
        uuid: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
        parent: 'mtty',
        type: 'mtty-1',
        deviceApi: 'vfio-pci',
        group: 1,
        cdev: { name: 'vfio1', device: '511:1' },
      },
    ],
    nodes: { '/dev/vfio/1': node({ heldBy: { pid: 42, command: 'qemu' } }), '/dev/iommu': null },
    fds: { '22': { kind: 'vfio-cdev', address: '0000:01:00.0', target: '/dev/vfio/devices/vfio0', device: '511:0' } },
  });

  it.each<[string, HostModel]>([
    ['the smallest model', hostModel()],
    ['every key', everyKey],
    ['a host without IOMMU', hostModel({ iommus: [], groups: [], devices: [device({ group: null })] })],
    ['unknown facts', hostModel({ kernel: { release: '6.1', iommufd: 'unknown', vfioCdev: 'unknown', container: 'unknown' } })],
    ['a group of an unknown IOMMU', hostModel({ iommus: [], groups: [group({ iommu: 'unknown' })] })],
    [
      "a VF that a vendor's own driver registered with vfio",
      hostModel({
        devices: [
          device(),
          device({
            address: '0000:01:10.0',
            driver: 'nvidia',
            physicalFunction: '0000:01:00.0',
            cdev: { name: 'vfio0', device: '511:0' },
          }),
        ],
      }),
    ],
  ])('%s', (_, model) => {
    expect(parseHostModel(JSON.stringify(model), 'host.json')).toEqual(model);
  });

  it.each<FdKind>([
    ...(['iommufd', 'vfio-cdev', 'vfio-group', 'vfio-container', 'kvm', 'memfd', 'regular', 'socket', 'pipe'] as const),
    ...(['eventfd', 'eventpoll', 'character', 'directory', 'other', 'closed'] as const),
  ])('an fd of kind %s', (kind) => {
    expect(parseHostModel(JSON.stringify(hostModel({ fds: { '9': { kind } } })), 'host.json').fds).toEqual({ '9': { kind } });
  });

  it('a byte order mark before the text', () => {
    expect(parseHostModel(`\uFEFF${JSON.stringify(hostModel())}`, 'host.json')).toEqual(hostModel());
  });
});

describe('parseHostModel names the wrong form', () => {
  it.each(
    named([
      [
        broken({ devices: [{ ...device(), address: 'foo' }] }),
        'devices[0].address: expected a PCI address like 0000:01:00.0, found "foo"',
      ],
      [
        broken({ devices: [device(), { ...device(), address: '0000:01:00.8' }] }),
        'devices[1].address: expected a PCI address like 0000:01:00.0, found "0000:01:00.8"',
      ],
      [
        broken({ devices: [{ ...device(), vendor: '0x10de' }] }),
        'devices[0].vendor: expected four lower-case hexadecimal digits like 10de, found "0x10de"',
      ],
      [broken({ devices: [{ ...device(), class: 3 }] }), 'devices[0].class: expected a string, found 3'],
      [
        broken({ devices: [{ ...device(), driver: '' }] }),
        'devices[0].driver: expected a driver name like vfio-pci, or null, found ""',
      ],
      [broken({ devices: [{ ...device(), driver: false }] }), 'devices[0].driver: expected a string or null, found false'],
      [broken({ devices: [{ ...device(), group: -1 }] }), 'devices[0].group: expected a number of at least 0, found -1'],
      [broken({ devices: [{ ...device(), group: 1.5 }] }), 'devices[0].group: expected a whole number or null, found 1.5'],
      [broken({ devices: [{ ...device(), cdev: 'vfio0' }] }), 'devices[0].cdev: expected an object or null, found "vfio0"'],
      [
        broken({ devices: [{ ...device(), cdev: { name: 'vfio0', device: '511' } }] }),
        'devices[0].cdev.device: expected a device number like 10:196, found "511"',
      ],
      [broken({ devices: [{ ...device(), drvier: 'x' }] }), 'devices[0]: expected no key "drvier"'],
      [broken({ devices: [{ address: '0000:01:00.0' }] }), 'devices[0]: expected a key "vendor", found none'],
      [broken({ devices: [[]] }), 'devices[0]: expected an object, found an array'],
      [broken({ devices: {} }), 'devices: expected an array, found an object'],
      [broken({ kernel: null }), 'kernel: expected an object, found null'],
      [
        broken({ kernel: { ...hostModel().kernel, container: 'vfio' } }),
        'kernel.container: expected one of "type1", "iommufd", "none", "unknown", found "vfio"',
      ],
      [
        broken({ kernel: { ...hostModel().kernel, iommufd: 'yes' } }),
        'kernel.iommufd: expected one of true, false, "unknown", found "yes"',
      ],
      [
        broken({ process: { ...unprivileged(), uid: 4294967295 } }),
        'process.uid: expected a number of at most 4294967294, found 4294967295',
      ],
      [
        broken({ process: unprivileged({ memlock: { soft: '8M', hard: 'unlimited' } }) }),
        'process.memlock.soft: expected a number of bytes, or "unlimited", found "8M"',
      ],
      [
        broken({ process: unprivileged({ capabilities: ['ipc_lock'] }) }),
        'process.capabilities[0]: expected a capability like CAP_IPC_LOCK, found "ipc_lock"',
      ],
      [
        broken({ nodes: { '/dev/vfio/1': { ...node(), mode: '600' } } }),
        'nodes["/dev/vfio/1"].mode: expected an octal mode like 0600, found "600"',
      ],
      [broken({ nodes: { 'dev/iommu': null } }), 'nodes: expected a path under /dev as a key, found "dev/iommu"'],
      [broken({ modules: { '../vfio': {} } }), 'modules: expected a module name like vfio_pci as a key, found "../vfio"'],
      [broken({ fds: { '3x': { kind: 'kvm' } } }), 'fds: expected a file descriptor number like 22 as a key, found "3x"'],
      [broken({ extra: 1 }), 'the model: expected no key "extra"'],
      [broken({ description: 'x'.repeat(5), iommus: 'x'.repeat(100) }), `iommus: expected an array, found "${'x'.repeat(59)}…`],
    ]),
  )('$message', ({ model, message }) => {
    expect(problemOfModel(model)).toMatchObject({
      code: 'HOST_MODEL',
      message: `host model host.json: ${message}`,
      subject: 'host.json',
    });
  });
});

describe('parseHostModel lists several problems', () => {
  it('the first in the message, the others as hints, with the positions of the file', () => {
    const wrong = { ...device(), address: 'foo' };
    const model = broken({ devices: [device(), wrong, device({ address: '0000:02:00.0' }), wrong], nodes: { '/dev/x': 5 } });
    expect(problemOfModel(model)).toMatchObject({
      message: 'host model host.json: devices[1].address: expected a PCI address like 0000:01:00.0, found "foo"',
      hint: [
        'devices[3].address: expected a PCI address like 0000:01:00.0, found "foo"',
        'nodes["/dev/x"]: expected an object or null, found 5',
      ],
    });
  });

  it.each([
    ['of form', broken({ devices: Array.from({ length: 100_000 }, () => 1) })],
    ['contradictions', hostModel({ devices: Array.from({ length: 1000 }, () => device()) })],
  ])('never more than five: %s', (_, model) => {
    expect(problemOfModel(model).hint).toHaveLength(4);
  });
});

describe('parseHostModel refuses what is no host model', () => {
  it.each([{ name: 'some-package', version: '1.0.0' }, [], null, 5, 'text', { kernel: {} }])('foreign JSON: %j', (value) => {
    expect(problemOfModel(value).message).toBe('host.json is not a vmattach host model: no "schema": "vmattach.host/1"');
  });

  it('another version of the schema', () => {
    expect(problemOfModel(broken({ schema: 'vmattach.host/2' })).message).toBe(
      'host model host.json: schema: expected "vmattach.host/1", found "vmattach.host/2"',
    );
  });

  it.each([
    ['', 'line 1, column 1: expected a value, found the end of the text'],
    ['{\n  "schema": foo\n}', 'line 2, column 13: expected a value, found "f"'],
    ['{"schema": "vmattach.host/1",}', 'line 1, column 30: expected a key in double quotes, found "}"'],
  ])('text that is not JSON: %j', (text, where) => {
    expect(problemOf(() => parseHostModel(text, 'host.json'))).toMatchObject({
      code: 'HOST_MODEL',
      message: `host model host.json: not JSON: ${where}`,
    });
  });

  it('text above 64 MiB, before parsing it', () => {
    expect(problemOf(() => parseHostModel(' '.repeat(64 * 1024 * 1024 + 1), 'host.json')).message).toBe(
      'host model host.json: larger than 67108864 bytes',
    );
  });

  it('damaged models, with a typed problem whatever the damage', () => {
    const text = JSON.stringify(hostModel());
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(40), fc.string({ maxLength: 6 }), (at, length, insertion) => {
        const damaged = text.slice(0, at) + insertion + text.slice(at + length);
        try {
          expect(parseHostModel(damaged, 'host.json').schema).toBe('vmattach.host/1');
        } catch (error) {
          expect(error).toBeInstanceOf(VmattachError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('readHostModelFile', () => {
  const temporaryFile = (text: string): string => {
    const folder = mkdtempSync(path.join(tmpdir(), 'host-model-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'host.json'), text);
    return path.join(folder, 'host.json');
  };

  it('reads a model from a file', () => {
    expect(readHostModelFile(temporaryFile(JSON.stringify(hostModel())))).toEqual(hostModel());
  });

  it('says why a file cannot be read', () => {
    expect(problemOf(() => readHostModelFile('/nowhere/host.json'))).toMatchObject({
      code: 'FILE',
      message: 'cannot read host model /nowhere/host.json',
      cause: expect.stringContaining('ENOENT'),
    });
  });
});
