import { cdevNodePath } from '../host/query.ts';
import { isPassable, type ListedDevice } from '../preflight/list-devices.ts';
import { classWord } from '../preflight/pci-classes.ts';
import { problemJson } from './plan-json.ts';

const deviceJson = (device: ListedDevice) => {
  const { facts, resetsWith, answers } = device;
  return {
    address: facts.address,
    name: facts.name ?? null,
    vendor: facts.vendor,
    device: facts.device,
    class: facts.class,
    className: classWord(facts.class),
    driver: facts.driver,
    group: facts.group,
    resetMethods: facts.resetMethods,
    resetsWith,
    cdev: facts.cdev === null ? null : cdevNodePath(facts.cdev.name),
    numaNode: facts.numaNode ?? null,
    physicalFunction: facts.physicalFunction ?? null,
    passable: isPassable(device),
    backends: answers.map(({ backend, usable, problems }) => ({ backend, usable, problems: problems.map(problemJson) })),
  };
};

/** What `devices --format json` prints, `schema` "vmattach.devices/1": docs/devices.schema.json. Keys are stable. */
export const devicesJson = (devices: readonly ListedDevice[]) => ({
  schema: 'vmattach.devices/1',
  devices: devices.map(deviceJson),
});
