import { describe, expect, test } from 'vitest';
import { BACKENDS, type BackendName } from '../../src/backends/address-space.ts';
import { VmattachError } from '../../src/errors/problem.ts';
import { selectBackend, type DefaultBackend, type SelectionInput } from '../../src/plan/select-backend.ts';
import { problemOf } from '../options/problem-of.ts';

/** All that a selection depends on, as one line of a table. */
interface Row {
  readonly rule: 'explicit' | 'iommufd';
  readonly hasFd: boolean;
  readonly object: 'none' | 'plain' | 'type1v2' | 'type1';
  readonly byDefault: DefaultBackend;
  readonly usable: boolean;
  readonly enabled: readonly BackendName[];
}

const BOTH = [false, true];

const SUBSETS: readonly (readonly BackendName[])[] = Array.from({ length: 2 ** BACKENDS.length }, (_, bits) =>
  BACKENDS.filter((_name, index) => (bits & (1 << index)) !== 0),
);

const ROWS: readonly Row[] = (['explicit', 'iommufd'] as const).flatMap((rule) =>
  BOTH.flatMap((hasFd) =>
    (['none', 'plain', 'type1v2', 'type1'] as const).flatMap((object) =>
      (['type1', 'iommufd', 'prefer-iommufd'] as const).flatMap((byDefault) =>
        BOTH.flatMap((usable) => SUBSETS.map((enabled) => ({ rule, hasFd, object, byDefault, usable, enabled }))),
      ),
    ),
  ),
);

/** The four rules of the documentation, written down a second time. */
const oracle = ({ rule, hasFd, object, byDefault, usable, enabled }: Row): string => {
  const isCompat = object === 'type1' || object === 'type1v2';
  if (rule === 'iommufd' && isCompat) return 'CONFLICT';
  if (rule === 'explicit' && object === 'none' && hasFd) return 'PROPERTY_MISSING';
  const onDefault = byDefault === 'iommufd' || (byDefault === 'prefer-iommufd' && usable) ? 'iommufd' : 'type1';
  const chosen = isCompat ? 'iommufd-compat' : object === 'plain' || rule === 'iommufd' ? 'iommufd' : onDefault;
  return enabled.includes(chosen) ? chosen : 'BACKEND_DISABLED';
};

const decidesByHost = ({ rule, hasFd, object, byDefault }: Row): boolean =>
  rule === 'explicit' && object === 'none' && !hasFd && byDefault === 'prefer-iommufd';

const inputOf = (row: Row, ask: SelectionInput['iommufdUsable']): SelectionInput => ({
  deviceType: row.rule === 'iommufd' ? 'vfio-iommu-pci' : 'vfio-pci',
  rule: row.rule,
  hasFd: row.hasFd,
  object: row.object === 'none' ? undefined : { id: 'iommufd0', compat: row.object === 'plain' ? undefined : row.object },
  settings: { byDefault: row.byDefault, enabled: new Set(row.enabled) },
  iommufdUsable: ask,
});

const answer =
  (usable: boolean): SelectionInput['iommufdUsable'] =>
  () =>
    usable ? { usable } : { usable, why: 'the device has no VFIO cdev' };

const neverAsked = (): never => {
  throw new Error('the host was asked');
};

const outcome = (input: SelectionInput) => {
  try {
    return selectBackend(input);
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
};

describe('selectBackend, for every combination', () => {
  test('there are 768', () => {
    expect(ROWS).toHaveLength(2 * 2 * 4 * 3 * 2 * 8);
  });

  test('decides as the documented rules do', () => {
    for (const row of ROWS) {
      const result = outcome(inputOf(row, answer(row.usable)));
      expect('backend' in result ? result.backend : result.code, JSON.stringify(row)).toBe(oracle(row));
    }
  });

  test('says why in one sentence, or refuses with a cause and a fix', () => {
    for (const row of ROWS) {
      const result = outcome(inputOf(row, answer(row.usable)));
      if ('backend' in result) {
        expect(result.reason, JSON.stringify(row)).toMatch(/^[a-z-][^\n.]{15,}$/);
      } else {
        expect(result.cause, JSON.stringify(row)).toMatch(/./);
        expect(result.fixes?.length, JSON.stringify(row)).toBeGreaterThan(0);
      }
    }
  });

  test('asks the host only for prefer-iommufd where nothing else decides', () => {
    for (const row of ROWS.filter((candidate) => !decidesByHost(candidate))) {
      expect(() => outcome(inputOf(row, neverAsked)), JSON.stringify(row)).not.toThrow();
    }
    for (const row of ROWS.filter(decidesByHost)) {
      expect(() => outcome(inputOf(row, neverAsked)), JSON.stringify(row)).toThrow('the host was asked');
    }
  });

  test('never falls back: a backend that is not enabled is refused, and no other is taken', () => {
    for (const row of ROWS) {
      const all = outcome(inputOf({ ...row, enabled: BACKENDS }, answer(row.usable)));
      const result = outcome(inputOf(row, answer(row.usable)));
      if ('backend' in all && 'backend' in result) expect(result.backend, JSON.stringify(row)).toBe(all.backend);
    }
  });

  test('needs an object of its own exactly where iommufd is used without one', () => {
    for (const row of ROWS) {
      const result = outcome(inputOf(row, answer(row.usable)));
      if ('backend' in result) {
        expect(result.needsObject, JSON.stringify(row)).toBe(result.backend === 'iommufd' && row.object === 'none');
      }
    }
  });
});

describe('selectBackend says', () => {
  const base: Row = { rule: 'explicit', hasFd: false, object: 'none', byDefault: 'type1', usable: true, enabled: BACKENDS };

  test.each<[changes: Partial<Row>, reason: string]>([
    [{}, 'it links to no iommufd object and the default backend is type1'],
    [{ byDefault: 'iommufd' }, 'it links to no iommufd object and --default-backend is iommufd'],
    [{ byDefault: 'prefer-iommufd' }, '--default-backend is prefer-iommufd and its cdev and /dev/iommu can be opened'],
    [{ byDefault: 'prefer-iommufd', usable: false }, '--default-backend is prefer-iommufd, but the device has no VFIO cdev'],
    [{ object: 'plain' }, "it links to the iommufd object 'iommufd0'"],
    [{ object: 'type1' }, "it links to the iommufd object 'iommufd0', which has compat=type1"],
    [{ rule: 'iommufd' }, 'devices of type vfio-iommu-pci always use iommufd'],
  ])('for %j: %s', (changes, reason) => {
    const row = { ...base, ...changes };
    expect(selectBackend(inputOf(row, answer(row.usable))).reason).toBe(reason);
  });

  test.each<[changes: Partial<Row>, message: string]>([
    [{ hasFd: true }, 'Use FD passing only with iommufd backend'],
    [{ enabled: ['iommufd'] }, 'backend type1 is not enabled'],
    [
      { rule: 'iommufd', object: 'type1v2' },
      "object 'iommufd0' has compat=type1v2, but vfio-iommu-pci always uses the iommufd backend",
    ],
  ])('for %j that %s', (changes, message) => {
    expect(problemOf(() => selectBackend(inputOf({ ...base, ...changes }, neverAsked))).message).toBe(message);
  });
});
