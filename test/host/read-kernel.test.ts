import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { KernelFacts } from '../../src/host/model.ts';
import { readKernel, readModules } from '../../src/host/read-kernel.ts';
import { createSystemFiles } from '../../src/host/system-files.ts';
import { fakeTree, type Entry } from './fake-tree.ts';

type Entries = Readonly<Record<string, Entry>>;

const filesOf = (entries: Entries) => createSystemFiles(fakeTree(entries));

describe('readKernel', () => {
  const release = { 'proc/sys/kernel/osrelease': '6.12.95+deb13-amd64\n' };
  const node = { 'dev/vfio/vfio': { link: '/dev/null' } };
  const config = (text: string): Entries => ({ 'boot/config-6.12.95+deb13-amd64': text });
  const modules = (...names: string[]): Entries => ({
    'lib/modules/6.12.95+deb13-amd64/modules.builtin': 'kernel/fs/ext4/ext4.ko\n',
    'lib/modules/6.12.95+deb13-amd64/modules.dep': names
      .map((name) => `kernel/drivers/${name}.ko.xz: kernel/drivers/iommu/iommufd/iommufd.ko.xz\n`)
      .join(''),
  });

  it.each<[string, Partial<KernelFacts>, Entries]>([
    ['nothing to go by', { iommufd: 'unknown', vfioCdev: 'unknown', container: 'none' }, release],
    ['no /proc at all', { release: '0.0', iommufd: false, vfioCdev: false, container: 'none' }, {}],
    ['a kernel before 6.2', { iommufd: false, vfioCdev: false }, { 'proc/sys/kernel/osrelease': '6.1.0\n' }],
    ['a kernel before 6.6', { iommufd: 'unknown', vfioCdev: false }, { 'proc/sys/kernel/osrelease': '6.5.0\n' }],
    ['/dev/iommu', { iommufd: true }, { ...release, 'dev/iommu': { link: '/dev/null' } }],
    ['the misc device of iommufd', { iommufd: true }, { ...release, 'sys/class/misc/iommu': { folder: true } }],
    ['the module iommufd', { iommufd: true }, { ...release, 'sys/module/iommufd': { folder: true } }],
    ['iommufd as a module not loaded yet', { iommufd: true }, { ...release, ...config('CONFIG_IOMMUFD=m\n') }],
    ['iommufd not set', { iommufd: false, vfioCdev: false }, { ...release, ...config('# CONFIG_IOMMUFD is not set\n') }],
    ['/proc/config.gz', { iommufd: true }, { ...release, 'proc/config.gz': gzipSync('CONFIG_IOMMUFD=y\n') }],
    ['a damaged /proc/config.gz', { iommufd: 'unknown' }, { ...release, 'proc/config.gz': Buffer.from('damaged') }],
    ['a list of modules with iommufd', { iommufd: true }, { ...release, ...modules('iommufd') }],
    ['a list of modules where others only need iommufd', { iommufd: false }, { ...release, ...modules('vfio') }],
    ['vfio with cdevs', { vfioCdev: true }, { ...release, 'proc/devices': 'Character devices:\n243 vfio\n511 vfio-dev\n\n' }],
    [
      'vfio without cdevs',
      { vfioCdev: false },
      { ...release, ...config('CONFIG_VFIO_DEVICE_CDEV=y\n'), 'proc/devices': 'Character devices:\n243 vfio\n\n' },
    ],
    ['cdevs by configuration', { vfioCdev: true }, { ...release, ...config('CONFIG_VFIO_DEVICE_CDEV=y\n') }],
    ['type1 loaded', { container: 'type1' }, { ...release, ...node, 'sys/module/vfio_iommu_type1': { folder: true } }],
    ['type1 loaded, but no node', { container: 'none' }, { ...release, 'sys/module/vfio_iommu_type1': { folder: true } }],
    [
      'type1 as a module not loaded yet',
      { container: 'type1' },
      { ...release, ...node, ...config('CONFIG_VFIO_CONTAINER=y\nCONFIG_VFIO_IOMMU_TYPE1=m\n') },
    ],
    ['type1 in the list of modules', { container: 'type1' }, { ...release, ...node, ...modules('vfio_iommu_type1') }],
    [
      'the compat container by configuration',
      { container: 'iommufd' },
      { ...release, ...node, ...config('CONFIG_IOMMUFD=y\nCONFIG_IOMMUFD_VFIO_CONTAINER=y\n') },
    ],
    [
      'vfio running with iommufd and without type1',
      { container: 'iommufd' },
      { ...release, ...node, 'sys/module/iommufd': { folder: true }, 'sys/class/vfio-dev': { folder: true } },
    ],
    ['a configuration without any container', { container: 'none' }, { ...release, ...node, ...config('CONFIG_IOMMUFD=y\n') }],
    ['a node and nothing else', { container: 'unknown' }, { ...release, ...node }],
  ])('%s', (_, expected, entries) => {
    expect(readKernel(filesOf(entries))).toMatchObject(expected);
  });

  it('readModules lists present modules with the parameters that matter', () => {
    const entries = {
      'sys/module/vfio/parameters/enable_unsafe_noiommu_mode': 'N\n',
      'sys/module/kvm/parameters/halt_poll_ns': '1\n',
      'sys/module/ext4': { folder: true },
    } as const;
    expect(readModules(filesOf(entries))).toEqual({ vfio: { parameters: { enable_unsafe_noiommu_mode: 'N' } }, kvm: {} });
  });
});
