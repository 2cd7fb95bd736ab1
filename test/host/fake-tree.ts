import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A file's content, the target of a symbolic link, or an empty folder. */
export type Entry = string | Buffer | { readonly link: string } | { readonly folder: true };

/** A folder that stands for `/`, for the length of one test. Links that start with `/` lead to the real root: `/dev/null` serves as a node. */
export const fakeTree = (entries: Readonly<Record<string, Entry>>): string => {
  const root = mkdtempSync(path.join(tmpdir(), 'fake-tree-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [file, entry] of Object.entries(entries)) {
    const target = path.join(root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    if (typeof entry === 'string' || Buffer.isBuffer(entry)) writeFileSync(target, entry);
    else if ('link' in entry) symlinkSync(entry.link, target);
    else mkdirSync(target, { recursive: true });
  }
  return root;
};

interface FakeDevice {
  /** Folder below /sys/devices, e.g. `pci0000:00/0000:00:01.0/0000:01:00.0`. */
  readonly folder: string;
  readonly vendor?: string;
  readonly device?: string;
  readonly class?: string;
  readonly driver?: string;
  readonly group?: number;
  readonly iommu?: string;
  /** Further attributes by name. */
  readonly attributes?: Readonly<Record<string, Entry>>;
}

const fakeModalias = (vendor: string, device: string, pciClass: string): string => {
  const digits = (id: string): string => id.slice(2).toUpperCase();
  const [base, sub, programming] = digits(pciClass).match(/../g) ?? [];
  return `pci:v0000${digits(vendor)}d0000${digits(device)}sv00000000sd00000000bc${base}sc${sub}i${programming}\n`;
};

/** The sysfs entries of one PCI device, its group and its IOMMU, laid out and linked as the kernel does. */
export const fakePciDevice = (fake: FakeDevice): Record<string, Entry> => {
  const address = path.basename(fake.folder);
  const folder = `sys/devices/${fake.folder}`;
  const up = '../'.repeat(fake.folder.split('/').length + 1);
  const { vendor = '0x8086', device = '0x1572', class: pciClass = '0x020000' } = fake;
  const entries: Record<string, Entry> = {
    [`${folder}/vendor`]: `${vendor}\n`,
    [`${folder}/device`]: `${device}\n`,
    [`${folder}/class`]: `${pciClass}\n`,
    [`${folder}/modalias`]: fakeModalias(vendor, device, pciClass),
    [`sys/bus/pci/devices/${address}`]: { link: `../../../devices/${fake.folder}` },
  };
  if (fake.driver !== undefined) entries[`${folder}/driver`] = { link: `${up}bus/pci/drivers/${fake.driver}` };
  if (fake.iommu !== undefined) entries[`${folder}/iommu`] = { link: `${up}devices/virtual/iommu/${fake.iommu}` };
  if (fake.group !== undefined) {
    entries[`${folder}/iommu_group`] = { link: `${up}kernel/iommu_groups/${fake.group}` };
    entries[`sys/kernel/iommu_groups/${fake.group}/devices/${address}`] = { link: `../../../../devices/${fake.folder}` };
  }
  for (const [name, entry] of Object.entries(fake.attributes ?? {})) entries[`${folder}/${name}`] = entry;
  return entries;
};
