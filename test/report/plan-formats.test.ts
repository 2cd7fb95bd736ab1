import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphDot, planDot } from '../../src/report/plan-dot.ts';
import { graphMermaid, planMermaid } from '../../src/report/plan-mermaid.ts';
import { planSvg } from '../../src/report/plan-svg.ts';
import { printable } from '../../src/report/graph-text.ts';
import { createPlan } from '../../src/plan/create-plan.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { DEFAULTS, requestOf } from '../plan/planning.ts';
import { AWKWARD, DESKTOP, graphOf, graphviz, planOn, svgTexts, vfLine } from './drawing.ts';

const PLANS = [
  { name: 'workstation', plan: planOn('workstation', DESKTOP) },
  { name: 'sriov-server', plan: planOn('sriov-server', vfLine()) },
] as const;

const drawing = (file: string): string => path.resolve(import.meta.dirname, 'drawings', file);

describe('drawn as before', () => {
  test.each(PLANS)('$name as DOT', async ({ name, plan }) => {
    await expect(`${planDot(plan)}\n`).toMatchFileSnapshot(drawing(`${name}.dot`));
  });

  test.each(PLANS)('$name as Mermaid', async ({ name, plan }) => {
    await expect(`${planMermaid(plan)}\n`).toMatchFileSnapshot(drawing(`${name}.mmd`));
  });

  test.each(PLANS)('$name as SVG, twice the same bytes', async ({ name, plan }) => {
    const svg = await planSvg(plan);
    expect(await planSvg(plan)).toBe(svg);
    await expect(`${svg}\n`).toMatchFileSnapshot(drawing(`${name}.svg`));
  });
});

const drawn = (dot: string): readonly string[] => {
  const { status, output, errors } = graphviz.render(dot, { format: 'svg' });
  expect({ status, errors: errors.filter(({ level }) => level === 'error') }).toEqual({ status: 'success', errors: [] });
  return svgTexts(output ?? '');
};

/** Graphviz drops blanks at the ends of a label and draws no empty line. */
const blanksGone = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();

describe('DOT', () => {
  test.each(AWKWARD)('shows %s as it is, wherever it stands', (text) => {
    const shown = drawn(graphDot(graphOf(text))).map(blanksGone);
    // Title, cluster, six boxes, the edge, and the lines below the titles.
    expect(shown.filter((line) => line === blanksGone(text))).toHaveLength(14);
  });

  test('parses and shows any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const wanted = blanksGone(printable(text));
        const shown = drawn(graphDot(graphOf(printable(text)))).map(blanksGone);
        if (wanted !== '') expect(shown).toContain(wanted);
      }),
      { numRuns: 150 },
    );
  });
});

/** What Mermaid makes of an entity. */
const decoded = (label: string): string => label.replaceAll(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

const LINE =
  /^ {2,4}(?:subgraph [a-z]\d+\["([^"]*)"\]|end|[a-z]+\d*(?:\["[^"]*"\]|\("[^"]*"\)|\[\("[^"]*"\)\]|>"[^"]*"\])|[a-z]+\d* -\.?->(?:\|"[^"]*"\|)? [a-z]+\d*|style [a-z]+\d* fill:[#\w]+,[\w:#,\s-]+)$/;

const expectMermaid = (text: string): void => {
  const [open, title = '', close, kind, ...lines] = text.split('\n');
  expect([open, close, kind]).toEqual(['---', '---', 'flowchart LR']);
  expect(() => JSON.parse(title.replace('title: ', ''))).not.toThrow();
  expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
  const labels = lines.flatMap((line) => [...line.matchAll(/"([^"]*)"/g)].map(([, label = '']) => label));
  // Nothing is left in a label that Mermaid, HTML or Markdown would read.
  const bare = labels.map((label) => label.replaceAll(/<\/?b>|<br\/>|#\d+;/g, ''));
  expect(bare.filter((label) => /[<>[\]{}|;`&#*~\\"]/.test(label))).toEqual([]);
  const structure = lines.map((line) => line.replaceAll(/"[^"]*"/g, '""').replaceAll('>""]', '[""]')).join('');
  for (const [left, right] of ['[]', '()', '{}']) {
    expect(structure.split(left ?? '').length, `${left}${right}`).toBe(structure.split(right ?? '').length);
  }
  expect(lines.filter((line) => line.startsWith('  subgraph')).length).toBe(lines.filter((line) => line === '  end').length);
};

describe('Mermaid', () => {
  test.each(AWKWARD)('shows %s as it is', (text) => {
    const flowchart = graphMermaid(graphOf(text));
    expectMermaid(flowchart);
    expect(decoded(flowchart)).toContain(`<b>${text}</b>`);
  });

  test('is well formed with any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expectMermaid(graphMermaid(graphOf(printable(text))));
      }),
    );
  });

  test.each(PLANS)('is well formed for $name', ({ plan }) => expectMermaid(planMermaid(plan)));
});

describe('a path as a user can give it', () => {
  const planFor = (sysfsdev: string, memPath: string) =>
    createPlan(
      requestOf(['-m', '1G', '-mem-path', memPath, '-device', JSON.stringify({ driver: 'vfio-pci', id: 'x', sysfsdev })]),
      WORKSTATION,
      DEFAULTS,
    );

  test('is drawn in every format, whatever is in it', () => {
    // The replacement character stands for bytes that are not UTF-8, and no command line gets past that.
    const anything = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .map((text) => `/${text.replaceAll('\uFFFD', '?')}`);
    fc.assert(
      fc.property(anything, anything, (sysfsdev, memPath) => {
        const plan = planFor(sysfsdev, memPath);
        expect(drawn(planDot(plan)).length).toBeGreaterThan(0);
        expectMermaid(planMermaid(plan));
      }),
      { numRuns: 100 },
    );
  });

  test('control characters become a replacement character', () => {
    const plan = planFor('/a\nb\u0000c', '/d\u001B[31m');
    expect(planDot(plan).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(drawn(planDot(plan)).join('\n')).toContain('a\uFFFDb\uFFFDc');
  });
});
