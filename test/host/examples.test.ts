import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHostModelFile } from '../../src/host/load-model.ts';
import { canOpen } from '../../src/host/can-open.ts';
import { groupMembers, isVfioBound, nodeOf, viabilityBlockers } from '../../src/host/query.ts';
import { resetDomain } from '../../src/host/reset-domain.ts';
import { stockNodes } from '../../src/host/stock-nodes.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../examples/hosts');

const example = (name: string) => readHostModelFile(path.join(FOLDER, `${name}.json`));

const GPU_GROUP = 14;

describe('example hosts', () => {
  it.each(readdirSync(FOLDER))('%s loads and says what it shows', (file) => {
    expect(readHostModelFile(path.join(FOLDER, file)).description).toMatch(/\.$/);
  });

  it('workstation: a viable group of two, with nodes its user may open', () => {
    const model = example('workstation');
    const nodes = stockNodes(model);
    expect(groupMembers(model, GPU_GROUP)).toHaveLength(2);
    expect(viabilityBlockers(model, GPU_GROUP)).toEqual([]);
    for (const path of ['/dev/vfio/vfio', '/dev/iommu', '/dev/vfio/14', '/dev/vfio/devices/vfio0']) {
      const node = nodeOf(nodes, path);
      expect(node && canOpen(node, model.process), path).toEqual({ allowed: true });
    }
  });

  it('unprepared: the group is held by host drivers, and there is no vfio node', () => {
    const model = example('unprepared');
    expect(viabilityBlockers(model, GPU_GROUP).map((device) => device.driver)).toEqual(['nvidia', 'snd_hda_intel']);
    expect(stockNodes(model)).toEqual({});
  });

  it('stock-debian: a bound GPU, and neither iommufd nor cdevs', () => {
    const model = example('stock-debian');
    expect(model.devices.filter(isVfioBound).map((device) => device.cdev)).toEqual([null, null]);
    expect(Object.keys(stockNodes(model))).toEqual(['/dev/vfio/vfio', '/dev/vfio/14']);
  });

  it('no-iommu: no device is in a group', () => {
    expect(example('no-iommu').devices.filter((device) => device.group !== null)).toEqual([]);
  });

  it('sriov-server: 64 VFs, each alone in its group and in its reset domain', () => {
    const model = example('sriov-server');
    const vfs = model.devices.filter((device) => device.physicalFunction !== undefined);
    expect(vfs).toHaveLength(64);
    expect(vfs.filter((vf) => groupMembers(model, vf.group ?? -1).length !== 1)).toEqual([]);
    expect(vfs.filter((vf) => resetDomain(model, vf).length !== 1)).toEqual([]);
  });
});
