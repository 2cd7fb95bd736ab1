import type { Problem } from '../errors/problem.ts';
import type { Plan } from '../plan/plan.ts';

/** What a problem is about; a list names several things. */
export const subjectsOf = ({ subject = '' }: Problem): readonly string[] => [...new Set([subject, ...subject.split(', ')])];

/** Looks up what stands against a thing, by any of the names that problems may have for it. */
export const problemsBySubject = (plan: Pick<Plan, 'problems'>): ((names: readonly string[]) => readonly Problem[]) => {
  const bySubject = new Map<string, Problem[]>();
  for (const problem of plan.problems) {
    for (const subject of subjectsOf(problem)) {
      const known = bySubject.get(subject) ?? [];
      known.push(problem);
      bySubject.set(subject, known);
    }
  }
  return (names) => [...new Set(names.flatMap((name) => bySubject.get(name) ?? []))];
};
