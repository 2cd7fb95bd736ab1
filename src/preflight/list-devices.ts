import type { HostModel, PciDeviceFacts } from '../host/model.ts';
import { resetDomain } from '../host/reset-domain.ts';
import { askPlanner, type BackendAnswer } from './passability.ts';
import { classPrefixes, isAnyBridge } from './pci-classes.ts';

/** A device with what the host and the planner say about it. */
export interface ListedDevice {
  readonly facts: PciDeviceFacts;
  /** Addresses of the other devices that a reset of it may reach (`resetDomain`). */
  readonly resetsWith: readonly string[];
  readonly answers: readonly BackendAnswer[];
}

export interface DeviceFilter {
  /** A device that fits one of them is listed; none means every device. */
  readonly words: readonly string[];
  /** Bridges too; without it only those that a word names. */
  readonly bridges: boolean;
}

const DEVICE_IDS = /^[0-9a-f]{4}:[0-9a-f]{4}$/;

const VENDOR = /^[0-9a-f]{4}:$/;
const SHORT_ADDRESS = /^([0-9a-f]{1,2}):([0-9a-f]{1,2})(\.[0-7]?)?$/;
/** Shorter words would be found in too many names. */
const LEAST_NAME_LETTERS = 3;

/** `1:0.0` as QEMU takes it. */
const inFull = (word: string): string =>
  word.replace(
    SHORT_ADDRESS,
    (_, bus: string, slot: string, rest = '') => `${bus.padStart(2, '0')}:${slot.padStart(2, '0')}${rest}`,
  );

/** From the start of the address, or from one of its parts on: `01:00` fits 0000:01:00.1, and not 0000:41:00.1. */
const fitsAddress = (word: string, address: string): boolean =>
  [word, inFull(word)].some((part) => address.startsWith(part) || address.includes(`:${part}`));

const fitsName = (word: string, { name }: PciDeviceFacts): boolean =>
  word.length >= LEAST_NAME_LETTERS && name?.toLowerCase().includes(word) === true;

const fits = (word: string, device: PciDeviceFacts): boolean => {
  const prefixes = classPrefixes(word);
  if (prefixes !== undefined) {
    return prefixes.some((prefix) => device.class.startsWith(prefix)) && (word !== 'all' || !isAnyBridge(device.class));
  }
  if (DEVICE_IDS.test(word)) {
    return `${device.vendor}:${device.device}` === word;
  }
  if (VENDOR.test(word)) {
    return `${device.vendor}:` === word;
  }
  return device.driver === word || (/\d/.test(word) && fitsAddress(word, device.address)) || fitsName(word, device);
};

const isWanted = (device: PciDeviceFacts, { words, bridges }: DeviceFilter): boolean => {
  if (words.length === 0) {
    return bridges || !isAnyBridge(device.class);
  }
  return words.some((word) => fits(word.toLowerCase(), device)) || (bridges && words.includes('all'));
};

/** The devices of a host that fit, in the order of their addresses, each with what the planner says about passing it. */
export const listDevices = (model: HostModel, filter: DeviceFilter): readonly ListedDevice[] =>
  model.devices
    .filter((device) => isWanted(device, filter))
    .map((facts) => ({
      facts,
      resetsWith: resetDomain(model, facts)
        .map(({ address }) => address)
        .filter((address) => address !== facts.address),
      answers: askPlanner(facts.address, model),
    }));

export const isPassable = ({ answers }: ListedDevice): boolean => answers.some(({ usable }) => usable);
