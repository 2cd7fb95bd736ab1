import { setTimeout as sleep } from 'node:timers/promises';
import type { DeviceRegisters } from './device-registers.ts';

/** Registers of QEMU's teaching device (docs/specs/edu.rst). */
const REGISTER = {
  identification: 0x00,
  liveness: 0x04,
  dmaSource: 0x80,
  dmaDestination: 0x88,
  dmaCount: 0x90,
  dmaCommand: 0x98,
} as const;

const IDENTIFICATION = 0x010000ed;
const DMA_START = 0b01;
const DMA_TO_RAM = 0b10;

/** Where its one page of memory is, as its own DMA engine counts: no BAR shows it. */
const BUFFER_ADDRESS = 0x40000;
const BUFFER_SIZE = 4096;
/** It puts out 28 address bits unless told otherwise. */
const IOVA_LIMIT = 2 ** 28;

/** A transfer takes 100 ms of guest time. */
const POLL_MS = 10;
const TIMEOUT_MS = 10_000;

const checkRange = (iova: number, count: number): void => {
  if (count < 1 || count > BUFFER_SIZE) throw new RangeError(`edu moves 1 to ${BUFFER_SIZE} bytes at once, not ${count}`);
  if (iova < 0 || iova + count > IOVA_LIMIT) throw new RangeError(`edu reaches IOVAs below 0x${IOVA_LIMIT.toString(16)} only`);
};

/**
 * QEMU's `edu` device: a DMA engine with one page of its own memory. What goes in and comes out again has passed the IOMMU twice.
 * Nothing is said when the IOMMU refuses: the bytes are just not there.
 */
export class Edu {
  readonly #registers: DeviceRegisters;

  /** @throws Error if the device behind the registers is not an `edu` that answers */
  constructor(registers: DeviceRegisters) {
    this.#registers = registers;
    const identification = registers.read32(REGISTER.identification);
    if (identification !== IDENTIFICATION) throw new Error(`not an edu: its identification is 0x${identification.toString(16)}`);
    registers.write32(REGISTER.liveness, 0x12345678);
    if (registers.read32(REGISTER.liveness) !== 0xedcba987)
      throw new Error('the edu does not answer: its liveness register does not invert');
  }

  /** DMA from RAM into the device. @param iova below 2^28 @param count bytes, at most 4096 */
  async copyIn(iova: number, count: number): Promise<void> {
    checkRange(iova, count);
    await this.#transfer(iova, BUFFER_ADDRESS, count, DMA_START);
  }

  /** DMA from the device into RAM. @param iova below 2^28 @param count bytes, at most 4096 */
  async copyOut(iova: number, count: number): Promise<void> {
    checkRange(iova, count);
    await this.#transfer(BUFFER_ADDRESS, iova, count, DMA_START | DMA_TO_RAM);
  }

  async #transfer(source: number, destination: number, count: number, command: number): Promise<void> {
    this.#registers.write32(REGISTER.dmaSource, source);
    this.#registers.write32(REGISTER.dmaDestination, destination);
    this.#registers.write32(REGISTER.dmaCount, count);
    this.#registers.write32(REGISTER.dmaCommand, command);
    const deadline = Date.now() + TIMEOUT_MS;
    while ((this.#registers.read32(REGISTER.dmaCommand) & DMA_START) !== 0) {
      if (Date.now() > deadline) throw new Error(`the edu did not end a transfer within ${TIMEOUT_MS} ms`);
      await sleep(POLL_MS);
    }
  }
}
