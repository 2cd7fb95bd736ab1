import type { SysfsAccess } from '../../src/binding/sysfs-access.ts';

export interface FakeDevice {
  readonly address: string;
  driver: string | null;
  override: string | null;
  /** The driver whose table lists the device. */
  readonly native: string | null;
}

/** Errors of the host as Node throws them. */
export const systemError = (code: 'EINVAL' | 'ENODEV' | 'EBUSY' | 'EACCES' | 'EROFS' | 'ENOENT'): NodeJS.ErrnoException => {
  const errno = { EINVAL: -22, ENODEV: -19, EBUSY: -16, EACCES: -13, EROFS: -30, ENOENT: -2 }[code];
  return Object.assign(new Error(`${code}: fake`), { code, errno, syscall: 'write' });
};

export interface FakeBusOptions {
  readonly drivers?: readonly string[];
  /** Which probes fail, and how. */
  readonly refuses?: (driver: string, address: string) => 'EINVAL' | 'EBUSY' | 'ENODEV' | undefined;
  /** Called before each write; what it throws is the error of the write. */
  readonly beforeWrite?: (index: number, path: string) => void;
}

const OVERRIDE_ONLY = new Set(['vfio-pci', 'pci-stub', 'mlx5_vfio_pci']);

/** Binds and matches as drivers/pci/pci-driver.c and drivers/base/bus.c do. */
export class FakeBus implements SysfsAccess {
  readonly #devices: Map<string, FakeDevice>;
  readonly #drivers: Set<string>;
  readonly #options: FakeBusOptions;
  readonly written: string[] = [];

  constructor(devices: readonly FakeDevice[], options: FakeBusOptions = {}) {
    this.#devices = new Map(devices.map((device) => [device.address, { ...device }]));
    this.#drivers = new Set(options.drivers ?? ['vfio-pci', 'pci-stub', 'virtio-pci', 'e1000e', 'nvme']);
    this.#options = options;
  }

  readonly checkWritable = (): Promise<void> => Promise.resolve();
  readonly driver = (address: string): string | null => this.#device(address).driver;
  readonly override = (address: string): string | null => this.#device(address).override;
  readonly hasDriver = (driver: string): boolean => this.#drivers.has(driver);

  load(driver: string): void {
    this.#drivers.add(driver);
  }

  state(): readonly (readonly [string, string | null, string | null])[] {
    return [...this.#devices.values()].map(({ address, driver, override }) => [address, driver, override]);
  }

  readonly write = async (path: string, value: string): Promise<void> => {
    this.#options.beforeWrite?.(this.written.length, path);
    this.written.push(`${value} > ${path}`);
    const [, address = value] = /devices\/([^/]+)\//.exec(path) ?? [];
    const device = this.#device(address);
    if (path.endsWith('/driver_override')) device.override = value === '' ? null : value;
    else if (path.endsWith('/driver/unbind')) this.#unbind(device);
    else if (path.endsWith('/drivers_probe')) this.#probe(device);
    else this.#bind(device, path.split('/').at(-2) ?? '');
  };

  #device(address: string): FakeDevice {
    const device = this.#devices.get(address);
    if (device === undefined) throw systemError('ENODEV');
    return device;
  }

  #unbind(device: FakeDevice): void {
    if (device.driver === null) throw systemError('ENOENT');
    device.driver = null;
  }

  #matches(device: FakeDevice, driver: string): boolean {
    if (device.override !== null) return device.override === driver;
    return !OVERRIDE_ONLY.has(driver) && device.native === driver;
  }

  #probe(device: FakeDevice): void {
    if (device.driver !== null) return;
    const driver = [...this.#drivers].find((name) => this.#matches(device, name));
    if (driver !== undefined && this.#options.refuses?.(driver, device.address) === undefined) device.driver = driver;
  }

  #bind(device: FakeDevice, driver: string): void {
    if (!this.#drivers.has(driver)) throw systemError('ENOENT');
    if (!this.#matches(device, driver)) throw systemError('ENODEV');
    if (device.driver !== null) throw systemError('EBUSY');
    const refused = this.#options.refuses?.(driver, device.address);
    if (refused !== undefined) throw systemError(refused);
    device.driver = driver;
  }
}
