import { failure } from '../errors/problem.ts';
import type { DeviceSpec } from './device-spec.ts';
import { textValue } from './device-spec.ts';

const SLOTS = 32;
const FUNCTIONS = 8;

interface Occupant {
  readonly driver: string;
  readonly id: string | undefined;
  readonly multifunction: boolean;
}

const occupantOf = (spec: DeviceSpec): Occupant => ({
  driver: spec.type.name,
  id: spec.id,
  multifunction: spec.values.get('multifunction') === true,
});

const place = (devfn: number): string => `${(devfn >> 3).toString(16)}.${devfn & 7}`;

/**
 * The one PCI bus of the built-in machine: who sits in which slot and function (QEMU hw/pci/pci.c, do_pci_register_device).
 * Without a guest all functions can be used by themselves, so devices without `addr=` get function 0 of the next free slot
 * and, when all slots are taken, any free function.
 */
export class PciBus {
  readonly name = 'pcie.0';
  readonly #occupants = new Map<number, Occupant>();
  #nextFree = 0;

  /** @returns the devfn. @throws LINK_NOT_FOUND for another bus, CONFLICT when the place is taken, in QEMU's words */
  plug(spec: DeviceSpec): number {
    this.#checkBus(spec);
    const wanted = spec.values.get('addr');
    const asked = typeof wanted === 'object' && 'devfn' in wanted ? wanted.devfn : -1;
    const devfn = asked < 0 ? this.#free(spec) : asked;
    const occupant = occupantOf(spec);
    if (asked >= 0) {
      this.#checkPlace(devfn, occupant);
    }
    this.#occupants.set(devfn, occupant);
    return devfn;
  }

  /** Puts a device back where `plug` put it: the bus of a running machine is rebuilt from what sits on it. */
  occupy(devfn: number, spec: DeviceSpec): void {
    this.#occupants.set(devfn, occupantOf(spec));
  }

  #checkBus(spec: DeviceSpec): void {
    const bus = textValue(spec.values, 'bus');
    if (bus !== undefined && bus !== this.name && bus !== 'pci.0') {
      throw failure('LINK_NOT_FOUND', `Bus '${bus}' not found`, {
        cause: `-machine bare has one PCI bus, ${this.name}`,
        fixes: [`bus=${this.name}`, 'leave bus= out'],
      });
    }
  }

  #free(spec: DeviceSpec): number {
    for (; this.#nextFree < SLOTS * FUNCTIONS; this.#nextFree += 1) {
      const devfn = (this.#nextFree % SLOTS) * FUNCTIONS + Math.floor(this.#nextFree / SLOTS);
      if (!this.#occupants.has(devfn)) {
        return devfn;
      }
    }
    throw failure('CONFLICT', `PCI: no slot/function available for ${spec.type.name}, all in use or reserved`, {
      cause: `${this.name} holds ${SLOTS * FUNCTIONS} functions`,
      fixes: ['pass fewer devices to one VM'],
    });
  }

  #checkPlace(devfn: number, added: Occupant): void {
    const slot = devfn >> 3;
    const sitting = this.#occupants.get(devfn);
    if (sitting !== undefined) {
      throw failure(
        'CONFLICT',
        `PCI: slot ${slot} function ${devfn & 7} not available for ${added.driver}, in use by ${sitting.driver},id=${sitting.id ?? '(null)'}`,
        { fixes: ['give another addr=, or leave it out'] },
      );
    }
    const first = this.#occupants.get(slot * FUNCTIONS);
    if ((devfn & 7) !== 0 && first !== undefined && !first.multifunction) {
      throw failure('CONFLICT', `PCI: single function device can't be populated in function ${place(devfn)}`, {
        cause: `function 0 of this slot has no multifunction=on`,
        fixes: [`add multifunction=on to the device at ${place(slot * FUNCTIONS)}`],
      });
    }
    const higher = [1, 2, 3, 4, 5, 6, 7].find((fn) => this.#occupants.has(slot * FUNCTIONS + fn));
    if ((devfn & 7) === 0 && !added.multifunction && higher !== undefined) {
      throw failure(
        'CONFLICT',
        `PCI: ${place(devfn)} indicates single function, but ${place(slot * FUNCTIONS + higher)} is already populated.`,
        {
          fixes: ['add multifunction=on'],
        },
      );
    }
  }
}
