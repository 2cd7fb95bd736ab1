import { expect, test } from 'vitest';
import { withLimitModes } from '../../src/cli/limit-modes.ts';
import { createSimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { withFds, WORKSTATION } from '../plan/hosts.ts';

test.each(['user', 'process'] as const)('a passed iommufd is asked for its limit mode: %s', (rlimitMode) => {
  const kernel = createSimulatedKernel(withFds(WORKSTATION, { 20: { kind: 'iommufd', rlimitMode }, 21: { kind: 'memfd' } }));
  const facts = withFds(WORKSTATION, { 20: { kind: 'iommufd' }, 21: { kind: 'memfd' } });
  expect(withLimitModes(facts, () => kernel).fds).toEqual({ 20: { kind: 'iommufd', rlimitMode }, 21: { kind: 'memfd' } });
});

test('a kernel that does not say leaves it open', () => {
  const kernel = createSimulatedKernel(withFds(WORKSTATION, { 20: { kind: 'memfd' } }));
  const facts = withFds(WORKSTATION, { 20: { kind: 'iommufd' } });
  expect(withLimitModes(facts, () => kernel).fds).toEqual({ 20: { kind: 'iommufd' } });
});

test.each([
  ['no fds', WORKSTATION],
  ['other fds', withFds(WORKSTATION, { 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } })],
])('with %s no kernel is opened', (_what, facts) => {
  const open = () => {
    throw new Error('opened');
  };
  expect(withLimitModes(facts, open)).toBe(facts);
});
