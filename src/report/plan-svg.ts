import { createRequire } from 'node:module';
import type { instance } from '@viz-js/viz';
import type { Plan } from '../plan/plan.ts';
import { planDot } from './plan-dot.ts';

/** A bundle in CommonJS has no `import.meta.url`: its build replaces the expression by `__filename`. */
const loadGraphviz = (): { readonly instance: typeof instance } => createRequire(import.meta.url)('@viz-js/viz');

/**
 * A plan as a picture, laid out by Graphviz. Loading Graphviz (WebAssembly) takes longer than planning, so nobody else pays for it.
 * @returns SVG without a final line feed
 */
export const planSvg = async (plan: Plan): Promise<string> => {
  const graphviz = await loadGraphviz().instance();
  return graphviz.renderString(planDot(plan), { format: 'svg' }).trimEnd();
};
