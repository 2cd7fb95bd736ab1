import { instance } from '@viz-js/viz';
import type { Plan } from '../../src/plan/plan.ts';
import type { PlanGraph } from '../../src/report/graph.ts';
import { exampleHost, planOf, type ExampleHost } from '../plan/planning.ts';

export const graphviz = await instance();

const VIRTUAL_FUNCTIONS = Array.from({ length: 64 }, (_, n) => `41:0${2 + (n >> 3)}.${n & 7}`);

export const vfLine = (functions = VIRTUAL_FUNCTIONS): string =>
  `-m 64G -object iommufd,id=iommufd0 ${functions.map((host) => `-device vfio-pci,host=${host},iommufd=iommufd0`).join(' ')}`;

/** A GPU with its audio function on iommufd, a network card on type1. */
export const DESKTOP =
  '-m 8G -object iommufd,id=iommufd0 -device vfio-pci,id=gpu,host=01:00.0,iommufd=iommufd0 -device vfio-pci,id=audio,host=01:00.1,iommufd=iommufd0 -device vfio-pci,id=nic,host=06:00.0';

export const planOn = (host: ExampleHost, line: string): Plan => planOf(line, exampleHost(host));

/** What stands in the boxes of an SVG, line by line. */
export const svgTexts = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) =>
    text
      .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
      .replaceAll(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
      .replaceAll('\u00A0', ' ')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&'),
  );

/** A graph that has the text wherever a graph can have text. */
export const graphOf = (text: string): PlanGraph => ({
  title: text,
  clusters: [{ id: 'g0', title: text, nodes: [{ id: 'd0', kind: 'device', title: text, lines: [text], tooltip: text }] }],
  nodes: [
    { id: 'machine', kind: 'machine', title: text, lines: [] },
    { id: 'o0', kind: 'object', title: text, lines: [text, text] },
    { id: 's0', kind: 'space', backend: 'type1', title: text, lines: [] },
    { id: 'ram', kind: 'ram', title: text, lines: [text] },
    { id: 'p0', kind: 'problem', severity: 'error', title: text, lines: [text], tooltip: text },
  ],
  edges: [
    { from: 'machine', to: 'd0' },
    { from: 'd0', to: 's0', label: text },
    { from: 'p0', to: 'd0', severity: 'error' },
  ],
});

/** Texts that mean something to one format or another. */
export const AWKWARD = [
  'a"b',
  "it's",
  'back\\slash\\N\\"',
  'C:\\',
  '<b>bold</b><br/>',
  '&amp; &#60; &',
  '#quot; #35;',
  '`markdown` **bold**',
  'x]y}z)w|v',
  'a -->|b| c; end',
  '%% comment',
  'ünïcödé 漢字 🖥',
  ']]>',
  '-->',
] as const;
