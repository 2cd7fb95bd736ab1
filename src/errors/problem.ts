import type { ProblemCode } from './codes.ts';

export type Severity = 'error' | 'warning' | 'info';

/** Where on the command line something was said: `-device vfio-pci,host=foo`, as the user typed it. */
export type Location = string;

/**
 * What is wrong, kept apart from how it is said: the CLI, the log, the plan and QMP each make their own text from it.
 * `message` is QEMU's wording where QEMU has one; `hint` holds QEMU's own extra lines (never part of a QMP error).
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: Severity;
  /** The QOM path, option or host resource that is concerned. */
  readonly subject?: string | undefined;
  readonly message: string;
  readonly hint?: readonly string[] | undefined;
  readonly cause?: string | undefined;
  /** Things to do about it; commands can be pasted as they are. */
  readonly fixes?: readonly string[] | undefined;
  readonly location?: Location | undefined;
}

type Details = Partial<Omit<Problem, 'code' | 'message'>>;

/** The one exception type of the program: a typed problem, never a bare string. */
export class VmattachError extends Error {
  override readonly name = 'VmattachError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.message, options);
    this.problem = problem;
  }
}

/** Makes an error-level problem into something to throw. */
export const failure = (code: ProblemCode, message: string, details: Details = {}, options?: ErrorOptions): VmattachError =>
  new VmattachError({ severity: 'error', ...details, code, message }, options);

/** What was thrown, with a location if it is a problem that has none yet. */
const locatedAt = (location: Location, error: unknown): unknown =>
  error instanceof VmattachError && error.problem.location === undefined
    ? new VmattachError({ ...error.problem, location }, { cause: error })
    : error;

/**
 * Runs `body`; a problem that leaves it without a location gets this one, as QEMU's location stack does.
 */
export const withLocation = <T>(location: Location, body: () => T): T => {
  try {
    return body();
  } catch (error) {
    throw locatedAt(location, error);
  }
};

/** `withLocation` for what takes its time. */
export const withLocationAsync = async <T>(location: Location, body: () => Promise<T>): Promise<T> => {
  try {
    return await body();
  } catch (error) {
    throw locatedAt(location, error);
  }
};
