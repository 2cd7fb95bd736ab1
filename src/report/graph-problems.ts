import type { Problem, Severity } from '../errors/problem.ts';
import { printable, wrapAtMost } from './graph-text.ts';
import type { GraphEdge, GraphNode } from './graph.ts';

const COLUMNS = 38;
const CAUSE_LINES = 7;

/** Longer fixes are for pasting, not for a picture. */
const LONGEST_FIX = 60;
const SHOWN_FIXES = 2;

const RANK: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 };

export const worst = (severities: readonly Severity[]): Severity | undefined => severities.toSorted((a, b) => RANK[b] - RANK[a])[0];

/** One problem, or several that say the same, with the boxes that are guilty. */
export interface DrawnProblem {
  readonly problem: Problem;
  readonly count: number;
  /** Their causes, each once; the first is shown. */
  readonly causes: readonly string[];
  readonly targets: readonly string[];
}

const causeOf = ({ cause, message }: Problem): string => cause ?? message;

const merge = (problems: readonly DrawnProblem[], keyOf: (problem: DrawnProblem) => string): DrawnProblem[] => {
  const merged = new Map<string, DrawnProblem>();
  for (const next of problems) {
    const key = keyOf(next);
    const known = merged.get(key);
    merged.set(
      key,
      known === undefined
        ? next
        : {
            ...known,
            count: known.count + next.count,
            causes: [...new Set([...known.causes, ...next.causes])],
            targets: [...new Set([...known.targets, ...next.targets])],
          },
    );
  }
  return [...merged.values()];
};

/**
 * One box for what has one cause, and one for the same complaint about the same box.
 * @param targetsOf ids of the boxes that a problem is about
 */
export const drawProblems = (
  problems: readonly Problem[],
  targetsOf: (problem: Problem) => readonly string[],
): readonly DrawnProblem[] => {
  const drawn = problems.map((problem) => ({ problem, count: 1, causes: [causeOf(problem)], targets: targetsOf(problem) }));
  const byCause = merge(drawn, ({ problem: { code, severity }, causes }) => JSON.stringify([code, severity, causes]));
  return merge(byCause, ({ problem: { code, severity }, targets }) => JSON.stringify([code, severity, targets]));
};

export const problemId = (index: number): string => `p${index}`;

export const problemNode = ({ problem, count, causes }: DrawnProblem, index: number): GraphNode => {
  const { code, severity, message, fixes = [] } = problem;
  const several = causes.length > 1 ? 'the first: ' : '';
  const short = fixes.filter((fix) => fix.length <= LONGEST_FIX).slice(0, SHOWN_FIXES);
  return {
    id: problemId(index),
    kind: 'problem',
    severity,
    title: `${severity}: ${code}${count === 1 ? '' : ` × ${count}`}`,
    lines: [
      ...wrapAtMost(`${several}${causeOf(problem)}`, COLUMNS, CAUSE_LINES),
      ...short.flatMap((fix) => wrapAtMost(`fix: ${fix}`, COLUMNS, 2)),
    ],
    tooltip: [message, ...fixes.map((fix) => `fix: ${fix}`)].map(printable).join(' | '),
  };
};

export const problemEdges = ({ problem, targets }: DrawnProblem, index: number): GraphEdge[] =>
  targets.map((to) => ({ from: problemId(index), to, severity: problem.severity }));
