import type { ProcessFacts } from '../../host/model.ts';
import type { ResourceLimit } from '../kernel.ts';
import { PAGE_SIZE } from './address-space.ts';
import { check } from './errno-exception.ts';

/**
 * Who locked memory is held against. `type1`: the process, always. `user`: all processes of the uid, as an iommufd does by default.
 * `process`: an iommufd in RLIMIT_MODE 1 (drivers/vfio/vfio_iommu_type1.c, drivers/iommu/iommufd/pages.c).
 */
export type Account = 'type1' | 'user' | 'process';

export interface Charge {
  release(): void;
}

export interface MemlockUsage {
  /** Bytes in mm->locked_vm, seen as VmLck. */
  readonly process: bigint;
  /** Bytes in user_struct->locked_vm, not shown anywhere by a real kernel. */
  readonly user: bigint;
  /** Bytes in mm->pinned_vm, seen as VmPin; iommufd only. */
  readonly pinned: bigint;
}

const bytesOf = (value: number | string): bigint | undefined => (value === 'unlimited' ? undefined : BigInt(value));

/** RLIMIT_MEMLOCK and what is charged against it. */
export class Memlock {
  readonly limit: ResourceLimit;
  readonly #ipcLock: boolean;
  #process = 0n;
  #user = 0n;
  #pinned = 0n;

  constructor({ memlock, capabilities }: ProcessFacts) {
    this.limit = { soft: bytesOf(memlock.soft), hard: bytesOf(memlock.hard) };
    this.#ipcLock = capabilities.includes('CAP_IPC_LOCK');
  }

  get usage(): MemlockUsage {
    return { process: this.#process, user: this.#user, pinned: this.#pinned };
  }

  /**
   * Charges whole pages. With CAP_IPC_LOCK nothing is checked; type1 charges all the same, iommufd does not.
   * @throws ErrnoException ENOMEM above the limit
   */
  charge(account: Account, length: bigint): Charge {
    const bytes = ((length + PAGE_SIZE - 1n) / PAGE_SIZE) * PAGE_SIZE;
    const { soft } = this.limit;
    const held = account === 'user' ? this.#user : this.#process;
    check(this.#ipcLock || soft === undefined || held + bytes <= (soft / PAGE_SIZE) * PAGE_SIZE, 'ENOMEM');
    this.#move(account, bytes);
    let released = false;
    return {
      release: () => {
        if (!released) this.#move(account, -bytes);
        released = true;
      },
    };
  }

  #move(account: Account, bytes: bigint): void {
    if (account === 'type1') {
      this.#process += bytes;
      return;
    }
    this.#pinned += bytes;
    if (this.#ipcLock) return;
    if (account === 'user') this.#user += bytes;
    else this.#process += bytes;
  }
}
