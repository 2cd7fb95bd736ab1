import { expect, test } from 'vitest';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { readRequest } from '../../src/request/read-request.ts';

const warnings = (device: string): string[] => {
  const said: string[] = [];
  readRequest(scanArgv(['-machine', 'q35', '-device', device]), 'pc', ({ message }) => said.push(message));
  return said;
};

test('a device type that is almost a VFIO one is pointed at', () => {
  expect(warnings('vfio-pic,host=1:0.0')).toEqual([
    "'vfio-pic' is no VFIO device and goes to QEMU as it is; did you mean vfio-pci?",
  ]);
});

test.each(['virtio-net-pci', 'vfio-user-pci,socket=x', 'pcie-root-port', 'vfio-pci,host=1:0.0'])('%s is not', (device) => {
  expect(warnings(device)).toEqual([]);
});
