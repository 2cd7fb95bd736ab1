import type { BackendName } from '../backends/address-space.ts';
import type { Severity } from '../errors/problem.ts';
import type { GraphNode } from './graph.ts';

/** Colours of a box as `#rrggbb`: dark enough to read on white, told apart also without red and green. */
export interface Colours {
  readonly fill: string;
  readonly line: string;
  readonly text: string;
}

const TEXT = '#111827';

export const PLAIN: Colours = { fill: '#f9fafb', line: '#6b7280', text: TEXT };

const BACKENDS: Readonly<Record<BackendName, Colours>> = {
  type1: { fill: '#ccfbf1', line: '#0f766e', text: TEXT },
  iommufd: { fill: '#dbeafe', line: '#1d4ed8', text: TEXT },
  'iommufd-compat': { fill: '#ede9fe', line: '#6d28d9', text: TEXT },
};

const PROBLEMS: Readonly<Record<Severity, Colours>> = {
  error: { fill: '#fee2e2', line: '#b91c1c', text: '#7f1d1d' },
  warning: { fill: '#fef3c7', line: '#b45309', text: '#78350f' },
  info: { fill: '#e0f2fe', line: '#0369a1', text: '#0c4a6e' },
};

export const severityColours = (severity: Severity): Colours => PROBLEMS[severity];

/** A box keeps the fill of its backend; what stands against it colours its border. */
export const nodeColours = ({ kind, backend, severity }: GraphNode): Colours => {
  if (kind === 'problem') {
    return severityColours(severity ?? 'info');
  }
  const own = backend === undefined ? PLAIN : BACKENDS[backend];
  return severity === undefined ? own : { ...own, line: severityColours(severity).line };
};
