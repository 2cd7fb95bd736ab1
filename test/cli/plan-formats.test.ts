import { describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { run, WORKSTATION } from './run.ts';

const LAUNCH = ['-machine', 'bare', '-m', '1G', '-object', 'iommufd,id=i0', '-device', 'vfio-pci,host=06:00.0,iommufd=i0'];

const on = (host: string): string[] => ['--host-model', `examples/hosts/${host}.json`, ...LAUNCH];

const DRAWINGS = [
  ['dot', /^digraph plan \{\n[\s\S]*\n\}\n$/],
  ['mermaid', /^---\ntitle: "machine bare: [^\n]*\n---\nflowchart LR\n/],
  ['svg', /^<\?xml [\s\S]*<svg [\s\S]*<\/svg>\n$/],
] as const;

describe.each(DRAWINGS)('plan --format %s', (format, form) => {
  test('draws what would be attached, twice the same bytes, and --dry-run does the same', async () => {
    const outcomes = await Promise.all([
      run(['plan', ...on('workstation'), '--format', format]),
      run(['plan', ...on('workstation'), `--format=${format}`]),
      run([...on('workstation'), '--dry-run', '--format', format]),
    ]);
    for (const { status, stdout, stderr } of outcomes) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(form);
      expect(stdout).toBe(outcomes[0].stdout);
    }
    for (const text of [
      '0000:06:00.0',
      'IOMMU group 16',
      '/objects/i0',
      'ioas(i0)',
      'backend iommufd',
      '1024 MiB',
      'guest RAM pc.ram',
    ]) {
      expect(outcomes[0].stdout.replaceAll('&#45;', '-').replaceAll('&#160;', ' ')).toContain(text);
    }
  });

  test('draws what stands against a launch, and exits with 1', async () => {
    const { status, stdout, stderr } = await run(['plan', ...on('stock-debian'), '--format', format]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(form);
    expect(stdout).toMatch(/error: IOMMUFD_MISSING/);
    expect(stdout).toContain('#b91c1c');
  });

  test.each([
    ['a launch', [...on('workstation'), '--format', format]],
    ['--check', [...on('workstation'), '--check', '--format', format]],
  ])('%s refuses it before anything is attached', async (_what, args) => {
    expectClearError(await run(args), `--format ${format}: format '${format}' is for plans only`);
  });
});

test('a format nobody knows is refused with those that are known', async () => {
  expectClearError(
    await run(['plan', '--host-model', WORKSTATION, '--format', 'png']),
    /Allowed choices are text, json, dot, mermaid, svg/,
  );
});

test('--help lists the formats', async () => {
  expect((await run(['--help'])).stdout).toMatch(/--format FORMAT .*one of text, json, dot,\s+mermaid, svg/);
});
