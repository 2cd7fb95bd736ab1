import type { MediatedDeviceFacts, PciDeviceFacts } from '../../host/model.ts';
import { PCI_REGION, REGION_INFO_FLAGS } from '../uapi/constants.ts';
import { PageStore } from './page-store.ts';

/** A region of a device as VFIO_DEVICE_GET_REGION_INFO shows it. Size in bytes; one that is not there has size 0 and no flags. */
export interface Region {
  readonly flags: number;
  readonly size: number;
  readonly store: PageStore;
}

/** vfio-pci puts region N of a device fd at N << 40. */
export const REGION_SHIFT = 40n;

const CONFIG_SIZE = 4096;
const VGA_SIZE = 0xc_0000;
const PAGE = 4096;

const { READ, WRITE, MMAP } = REGION_INFO_FLAGS;

const region = (size: number, flags: number): Region => ({ flags: size === 0 ? 0 : flags, size, store: new PageStore(size) });

/** The standard header of a type 0 function: ids, class, and the interrupt pin that a virtual function does not have. */
const configSpace = (ids: Pick<PciDeviceFacts, 'vendor' | 'device' | 'class'>, hasInterruptPin: boolean): Region => {
  const config = region(CONFIG_SIZE, READ | WRITE);
  const view = new DataView(config.store.bytes(0, CONFIG_SIZE).buffer);
  view.setUint16(0x00, Number.parseInt(ids.vendor, 16), true);
  view.setUint16(0x02, Number.parseInt(ids.device, 16), true);
  view.setUint32(0x08, Number.parseInt(ids.class, 16) << 8, true);
  view.setUint8(0x3d, hasInterruptPin ? 1 : 0);
  return config;
};

const isVga = ({ class: code }: PciDeviceFacts): boolean => code.startsWith('0300');

/** By VFIO_PCI_*_REGION_INDEX. */
export const regionsOf = (facts: PciDeviceFacts): readonly Region[] => {
  const bars = Array.from({ length: PCI_REGION.ROM }, (_, index) => {
    const size = Number(facts.bars?.find((bar) => bar.index === index)?.size ?? 0);
    return region(size, READ | WRITE | (size >= PAGE ? MMAP : 0));
  });
  const config = configSpace(facts, facts.physicalFunction === undefined);
  return [...bars, region(0, 0), config, ...(isVga(facts) ? [region(VGA_SIZE, READ | WRITE)] : [])];
};

/** A mediated device shows what its parent's driver makes up; here a bare function without BARs. */
export const mediatedRegions = (_facts: MediatedDeviceFacts): readonly Region[] => [
  ...Array.from({ length: PCI_REGION.CONFIG }, () => region(0, 0)),
  configSpace({ vendor: '1af4', device: '0000', class: '088000' }, true),
];
