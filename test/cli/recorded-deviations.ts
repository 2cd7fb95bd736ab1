/** A recorded command line on which vmattach says something else than QEMU, on purpose. */
export interface Deviation {
  /** The arguments, joined by blanks. */
  readonly args: string;
  /** Our first error line, without the program's name. */
  readonly ours: string;
}

const Q35 = '-machine q35 -accel tcg -m 64';
const NO_ENGINE_Q35 = "no VMM engine for machine type 'q35'";

/** Only the engine knows its machines, its devices, its buses and its character devices; the line is accepted here. */
const ENGINE: readonly Deviation[] = [
  ...[
    '-device nosuch',
    '-device virtio-rng-pci,bus=',
    '-device virtio-rng-pci,bus=/',
    '-device {"driver":"virtio-rng-pci","addr":true}',
    '-device pcie-root-port,id=r0,bus=nosuch',
    '-device virtio-rng-pci,addr=5.1 -device virtio-rng-pci,addr=5.0',
  ].map((device) => ({ args: `${Q35} ${device}`, ours: NO_ENGINE_Q35 })),
  { args: '-machine q35,bogus=1', ours: NO_ENGINE_Q35 },
  { args: '-machine q35,usb=maybe', ours: NO_ENGINE_Q35 },
  { args: '-machine {"type":"q35"}', ours: `no VMM engine for machine type '{"type":"q35"}'` },
  { args: '-machine none -pidfile /nonexistent/pid', ours: "no VMM engine for machine type 'none'" },
  { args: '-machine none -chardev socket,id=x,fd=77', ours: "no VMM engine for machine type 'none'" },
  {
    args: `${Q35} -device vfio-pci,addr=0,host=1:0.0`,
    ours: '-device vfio-pci,addr=0,host=1:0.0: vfio /sys/bus/pci/devices/0000:01:00.0: no such host device: No such file or directory',
  },
];

/** QEMU takes any number for an fd and fails late, if at all; here an fd is looked at before it is used. */
const CHECKED_FDS: readonly Deviation[] = [
  {
    args: '-machine none -object {"qom-type":"iommufd","id":"a","fd":"22"}',
    ours: '-object {"qom-type":"iommufd","id":"a","fd":"22"}: fd 22 is not open',
  },
  {
    args: `${Q35} -object iommufd,id=i0 -device vfio-pci,id=h0,fd=900,iommufd=i0`,
    ours: '-device vfio-pci,id=h0,fd=900,iommufd=i0: fd 900 is not open',
  },
];

/** An empty link means type1 in QEMU, without a word. */
const EMPTY_LINK: readonly Deviation[] = [
  {
    args: `${Q35} -device vfio-pci,host=0000:ff:00.0,iommufd=`,
    ours: "-device vfio-pci,host=0000:ff:00.0,iommufd=: Property 'vfio-pci.iommufd' doesn't take value ''",
  },
];

/** Recorded with a folder `fs` that stood in for sysfs. It is not part of the recording, so here its devices do not exist. */
const OTHER_SYSFS: readonly Deviation[] = [
  'd1',
  'd0',
  'd3',
  'd1,iommufd=i0',
  'd2,iommufd=i0',
  'd4,iommufd=i0',
  'd5,iommufd=i0',
].map((device) => {
  const option = `-device vfio-pci,sysfsdev=fs/${device}`;
  const object = device.includes('iommufd') ? '-object iommufd,id=i0 ' : '';
  const name = device.slice(0, 2);
  return {
    args: `${Q35} ${object}${option}`,
    ours: `${option}: vfio fs/${name}: no such host device: No such file or directory`,
  };
});

export const DEVIATIONS: ReadonlyMap<string, string> = new Map(
  [...ENGINE, ...CHECKED_FDS, ...EMPTY_LINK, ...OTHER_SYSFS].map(({ args, ours }) => [args, ours]),
);
