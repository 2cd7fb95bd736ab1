import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { missingNeeds } from './fixture.ts';
import { HOST, simulatedFixture, UNPRIVILEGED, withRelease } from './simulated-host.ts';
import { contractCases } from './suite.ts';

const HOSTS: readonly (readonly [string, HostModel])[] = [
  ['Linux 7.2, root', HOST],
  ['Linux 7.2, unprivileged', UNPRIVILEGED],
  ['Linux 6.12, root', withRelease(HOST, '6.12.95')],
  ['Linux 7.2, container served by iommufd', { ...HOST, kernel: { ...HOST.kernel, container: 'iommufd' } }],
];

describe.each(HOSTS)('contract on the simulated kernel: %s', (_name, model) => {
  for (const contractCase of contractCases) {
    const missing = missingNeeds(contractCase, simulatedFixture(model));
    const reason = missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`;
    test.skipIf(missing.length > 0)(contractCase.name + reason, async () => {
      const fixture = simulatedFixture(model);
      await contractCase.run(fixture);
      expect(fixture.kernel.leftovers()).toEqual([]);
    });
  }
});

test('contract cases have names of their own, so that a report says which failed', () => {
  const names = contractCases.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
