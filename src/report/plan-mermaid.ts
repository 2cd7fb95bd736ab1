import type { Plan } from '../plan/plan.ts';
import { nodeColours, PLAIN, severityColours, type Colours } from './graph-style.ts';
import type { GraphCluster, GraphEdge, GraphNode, PlanGraph } from './graph.ts';
import { planGraph } from './plan-graph.ts';

/**
 * Text inside a quoted label. Mermaid has entities `#number;` and reads HTML and Markdown in labels, so that all punctuation
 * that could mean something is written as its number.
 */
const text = (value: string): string =>
  value.replaceAll(/[^\p{L}\p{N}\p{M} .,:/()+×…'=_-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);

const OPEN: Readonly<Record<GraphNode['kind'], readonly [string, string]>> = {
  machine: ['["', '"]'],
  device: ['["', '"]'],
  object: ['("', '")'],
  space: ['("', '")'],
  ram: ['[("', '")]'],
  problem: ['>"', '"]'],
};

const node = ({ id, kind, title, lines }: GraphNode): string => {
  const [open, close] = OPEN[kind];
  return `${id}${open}${[`<b>${text(title)}</b>`, ...lines.map(text)].join('<br/>')}${close}`;
};

const cluster = ({ id, title, nodes }: GraphCluster): readonly string[] => [
  `subgraph ${id}["${text(title)}"]`,
  ...nodes.map((drawn) => `  ${node(drawn)}`),
  'end',
];

const edge = ({ from, to, label, severity }: GraphEdge): string =>
  `${from} ${severity === undefined ? '-->' : '-.->'}${label === undefined ? '' : `|"${text(label)}"|`} ${to}`;

const css = ({ fill, line, text: colour }: Colours, width: number): string =>
  `fill:${fill},stroke:${line},color:${colour},stroke-width:${width}px,text-align:left`;

const style = (drawn: GraphNode): string => `style ${drawn.id} ${css(nodeColours(drawn), drawn.severity === undefined ? 1 : 3)}`;

const clusterStyle = ({ id, severity }: GraphCluster): string =>
  `style ${id} fill:none,stroke:${severity === undefined ? PLAIN.line : severityColours(severity).line},stroke-dasharray:5 5`;

export const graphMermaid = ({ title, clusters, nodes, edges }: PlanGraph): string =>
  [
    '---',
    `title: ${JSON.stringify(title)}`,
    '---',
    'flowchart LR',
    ...[
      ...clusters.flatMap(cluster),
      ...nodes.map(node),
      ...edges.map(edge),
      ...clusters.map(clusterStyle),
      ...[...clusters.flatMap(({ nodes: members }) => members), ...nodes].map(style),
    ].map((line) => `  ${line}`),
  ].join('\n');

/** A plan as a Mermaid flowchart, which Markdown viewers draw. @returns without a final line feed */
export const planMermaid = (plan: Plan): string => graphMermaid(planGraph(plan));
