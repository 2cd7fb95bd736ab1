import type { ProblemCode } from '../errors/codes.ts';
import type { HostModel } from '../host/model.ts';
import type { HostIndex } from '../plan/host-index.ts';
import type { Plan } from '../plan/plan.ts';

/** What is examined: a host, and the launch it is meant for if one is given. */
export interface Subject {
  readonly model: HostModel;
  readonly host: HostIndex;
  readonly plan: Plan | undefined;
}

/** Something that stands against a criterion, and what to do. */
export interface Defect {
  /** The device, object or node that is concerned. */
  readonly subject?: string | undefined;
  readonly code?: ProblemCode | undefined;
  readonly cause: string;
  readonly fixes: readonly string[];
}

/** What a look at the facts says; each with one short line for people. */
export type Finding =
  | { readonly result: 'ok'; readonly detail: string }
  | { readonly result: 'fails'; readonly defects: readonly [Defect, ...Defect[]] }
  | { readonly result: 'unknown'; readonly why: string };

/** One thing a host must, or should, have. */
export interface Criterion {
  /** Stable: scripts match on it. */
  readonly id: string;
  /** What is the case when it is met. */
  readonly title: string;
  /** Problems of the plan that are failures of this criterion. What the plan says of a launch counts, whatever the facts alone say. */
  readonly codes: readonly ProblemCode[];
  /** Whether a host without it is not ready. Asked about what `check` finds; an error of the plan is always hard. */
  readonly hard: (subject: Subject) => boolean;
  /** What the facts say; undefined when the criterion does not apply. */
  readonly check: (subject: Subject) => Finding | undefined;
}

export const ok = (detail: string): Finding => ({ result: 'ok', detail });

export const unknown = (why: string): Finding => ({ result: 'unknown', why });

export const fails = (first: Defect, ...rest: readonly Defect[]): Finding => ({ result: 'fails', defects: [first, ...rest] });

/** Met unless defects were found. */
export const okUnless = ([first, ...rest]: readonly Defect[], detail: string): Finding =>
  first === undefined ? ok(detail) : fails(first, ...rest);

export const never = (): boolean => false;
/** A host is looked at without a launch; with one, the plan decides what is an error. */
export const withoutLaunch = ({ plan }: Subject): boolean => plan === undefined;
