import type { Plan } from '../plan/plan.ts';
import { nodeColours, PLAIN, severityColours } from './graph-style.ts';
import type { GraphCluster, GraphEdge, GraphNode, PlanGraph } from './graph.ts';
import { planGraph } from './plan-graph.ts';
import { MACHINE_ID } from './resource-nodes.ts';

/** Of one width, which all such fonts share: boxes fit their text also where Graphviz has no fonts to measure. */
const FONT = 'Courier';

/** Also in such labels Graphviz replaces `\N` by the node's name, so that a backslash is written twice. */
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\\': '\\\\',
};

/** Text inside an HTML-like label, where an element must not be empty. */
const html = (text: string): string =>
  text === '' ? ' ' : text.replaceAll(/[&<>"'\\]/g, (character) => ENTITIES[character] ?? '');

/** A quoted DOT string. Graphviz reads entities in it, and a backslash begins one of its own escapes. */
const quoted = (text: string): string => `"${text.replaceAll('&', '&amp;').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Values are DOT already: quoted, a number, or an HTML-like label. */
const attributes = (values: Attributes): string =>
  Object.entries(values)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join(' ');

const LEFT = '<br align="left"/>';

const label = ({ title, lines }: Pick<GraphNode, 'title' | 'lines'>): string =>
  `<<b>${html(title)}</b>${LEFT}${lines.map((line) => `${html(line)}${LEFT}`).join('')}>`;

const node = (drawn: GraphNode): string => {
  const { fill, line, text } = nodeColours(drawn);
  const values = attributes({
    label: label(drawn),
    shape: drawn.kind === 'problem' ? 'note' : drawn.kind === 'ram' ? 'box3d' : 'box',
    style: quoted(drawn.kind === 'problem' || drawn.kind === 'ram' ? 'filled' : 'filled,rounded'),
    fillcolor: quoted(fill),
    color: quoted(line),
    fontcolor: quoted(text),
    penwidth: drawn.severity === undefined ? undefined : 2,
    tooltip: drawn.tooltip === undefined ? undefined : quoted(drawn.tooltip),
  });
  return `${drawn.id} [${values}];`;
};

const cluster = ({ id, title, nodes, severity }: GraphCluster): readonly string[] => [
  `subgraph cluster_${id} {`,
  `  label=<<b>${html(title)}</b>>; fontsize=12; style="dashed,rounded"; color=${quoted(severity === undefined ? PLAIN.line : severityColours(severity).line)};`,
  ...nodes.map((drawn) => `  ${node(drawn)}`),
  '}',
];

/** Keeps all devices in one column, next to the machine. */
const OWNER_WEIGHT = 4;

const edge = ({ from, to, label: text, severity }: GraphEdge): string => {
  const problem = severity === undefined ? undefined : severityColours(severity);
  const values = attributes({
    label: text === undefined ? undefined : quoted(text),
    color: problem === undefined ? undefined : quoted(problem.line),
    style: problem === undefined ? undefined : 'dashed',
    weight: from === MACHINE_ID ? OWNER_WEIGHT : undefined,
  });
  return values === '' ? `${from} -> ${to};` : `${from} -> ${to} [${values}];`;
};

export const graphDot = ({ title, clusters, nodes, edges }: PlanGraph): string =>
  [
    'digraph plan {',
    ...[
      `graph [rankdir=LR label=<<b>${html(title)}</b>> labelloc=t fontname=${quoted(FONT)} fontsize=14 nodesep=0.3 ranksep=0.5];`,
      `node [fontname=${quoted(FONT)} fontsize=11 margin="0.16,0.1"];`,
      `edge [fontname=${quoted(FONT)} fontsize=10 color=${quoted(PLAIN.line)} fontcolor=${quoted(PLAIN.text)}];`,
      ...clusters.flatMap(cluster),
      ...nodes.map(node),
      ...edges.map(edge),
    ].map((line) => `  ${line}`),
    '}',
  ].join('\n');

/** A plan in Graphviz's DOT language. @returns without a final line feed */
export const planDot = (plan: Plan): string => graphDot(planGraph(plan));
