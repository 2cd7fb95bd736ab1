import { describe, expect, test } from 'vitest';
import { kvmUse } from '../../src/launch/accelerator.ts';
import { networkHelper } from '../../src/launch/network-helper.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';

const optionsOf = (line: string) => scanArgv(line.split(' ').filter((word) => word !== '')).options;

describe('/dev/kvm', () => {
  test.each([
    ['', 'no'],
    ['-accel tcg', 'no'],
    ['-machine q35', 'no'],
    ['-machine none,accel=tcg', 'no'],
    ['-enable-kvm', 'needed'],
    ['-accel kvm', 'needed'],
    ['-accel kvm,dirty-ring-size=1024', 'needed'],
    ['-accel accel=kvm', 'needed'],
    ['-machine q35,accel=kvm -machine usb=off', 'needed'],
    ['-M accel=kvm', 'needed'],
    ['-machine none,accel=kvm:tcg', 'preferred'],
    ['-accel kvm -accel tcg', 'preferred'],
    ['-machine accel=kvm -machine accel=tcg', 'no'],
  ])("with '%s': %s", (line, use) => {
    expect(kvmUse(optionsOf(line))).toBe(use);
  });
});

describe('a helper with privileges of its own', () => {
  test.each([
    ['-netdev bridge,id=n0,br=br0'],
    ['-net bridge'],
    ['-nic type=bridge'],
    ['-netdev tap,id=n0,helper=/usr/libexec/qemu-bridge-helper'],
    ['-netdev {"type":"bridge","id":"n0"}'],
    ['-netdev {"type":"tap","id":"n0","helper":"/x"}'],
  ])('is started for %s', (line) => {
    expect(networkHelper(optionsOf(line))?.location).toBe(line);
  });

  test.each([
    ['-netdev user,id=bridge'],
    ['-netdev tap,id=n0,fd=3'],
    ['-netdev {"type":"user","id":"bridge"}'],
    ['-device bridge,type=bridge'],
    [''],
  ])("is not started for '%s'", (line) => {
    expect(networkHelper(optionsOf(line))).toBeUndefined();
  });
});
