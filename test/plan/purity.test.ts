import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const SOURCE = path.resolve(import.meta.dirname, '../../src');

/** From left to right; a folder may import itself and what stands left of it. */
const ORDER = [
  'errors',
  'options',
  'objects',
  'devices',
  'host',
  'binding',
  'kernel',
  'backends',
  'request',
  'plan',
  'preflight',
  'machine',
  'report',
];

const filesOf = (folder: string): readonly string[] =>
  readdirSync(path.join(SOURCE, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.join(SOURCE, folder, file));

/** What a file loads when it runs; type imports load nothing. */
const importsOf = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms)].map(([, name = '']) =>
    name.startsWith('.') ? path.resolve(path.dirname(file), name) : name,
  );

/** All that is loaded with a file, packages and files. */
const loadedWith = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  for (const name of importsOf(file)) {
    if (seen.has(name)) continue;
    seen.add(name);
    if (name.endsWith('.ts')) loadedWith(name, seen);
  }
  return seen;
};

const packagesOf = (folder: string): readonly string[] => [
  ...new Set(filesOf(folder).flatMap((file) => [...loadedWith(file)].filter((name) => !path.isAbsolute(name)))),
];

describe('planning does no I/O', () => {
  test.each(['objects', 'devices', 'request', 'plan', 'backends'])(
    'src/%s loads nothing that could: no package but node:crypto',
    (folder) => {
      expect(packagesOf(folder).filter((name) => name !== 'node:crypto')).toEqual([]);
    },
  );

  test.each(['binding/plan-binding.ts', 'binding/plan-release.ts'])('src/%s loads nothing that could', (file) => {
    expect([...loadedWith(path.join(SOURCE, file))].filter((name) => !path.isAbsolute(name))).toEqual([]);
  });

  test('the graph that was walked is the real one', () => {
    const loaded = loadedWith(path.join(SOURCE, 'plan/create-plan.ts'));
    expect(loaded).toContain(path.join(SOURCE, 'backends/attach-steps.ts'));
    expect(loaded).toContain(path.join(SOURCE, 'kernel/call.ts'));
    expect(packagesOf('host')).toContain('node:fs');
  });
});

describe('imports go one way', () => {
  test.each(ORDER)('src/%s imports only itself and what stands left of it', (folder) => {
    const allowed = new Set(ORDER.slice(0, ORDER.indexOf(folder) + 1));
    const wrong = filesOf(folder).flatMap((file) =>
      importsOf(file)
        .filter((name) => path.isAbsolute(name))
        .map((name) => path.relative(SOURCE, name).split(path.sep)[0] ?? '')
        .filter((target) => !allowed.has(target))
        .map((target) => `${path.relative(SOURCE, file)} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});
