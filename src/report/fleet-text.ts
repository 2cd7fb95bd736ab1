import { withDefaultRemedy } from '../options/default-remedies.ts';
import type { Problem } from '../errors/problem.ts';
import type { Plan } from '../plan/plan.ts';
import { formatBytes } from '../plan/remedies.ts';
import { predictTimeline } from '../plan/timeline.ts';
import { backendsOf, canRun, firstProblem, type HostAnswer } from './host-answer.ts';

/** A longer name moves the rest of its own row; the other rows stay aligned. */
const WIDEST_HOST = 40;
const LONGEST_CAUSE = 90;

/** Widths are known before the first answer, so that rows can be printed as they come. */
const WIDTHS = { result: 6, backends: 14, memlock: 12, attach: 11 } as const;

const HEADINGS = {
  host: 'host',
  result: 'runs',
  backends: 'backends',
  memlock: 'memlock',
  attach: 'attach',
  problem: 'first problem',
};

const shorten = (text: string): string => (text.length <= LONGEST_CAUSE ? text : `${text.slice(0, LONGEST_CAUSE - 1)}…`);

const problemCell = (problem: Problem | undefined, count: number): string => {
  if (problem === undefined) {
    return '';
  }
  const { code, severity, cause, message } = withDefaultRemedy(problem);
  const rest = count > 1 ? ` (and ${count - 1} more)` : '';
  return `${code}${severity === 'error' ? '' : ` (${severity})`}: ${shorten(code === 'HOST_MODEL' ? message : (cause ?? message))}${rest}`;
};

const NOTHING = '-';

/** A device that the host does not have needs nothing here, and what it would need is not known. */
const memlockNeed = ({ devices, entries, memlock }: Plan): string =>
  devices.length < entries.length ? NOTHING : formatBytes(memlock.required);

const cells = (answer: HostAnswer): typeof HEADINGS => {
  const { host, plan, problems } = answer;
  const ok = canRun(answer);
  return {
    host,
    result: plan === undefined ? NOTHING : ok ? 'yes' : 'no',
    backends: backendsOf(answer).join(',') || NOTHING,
    memlock: plan === undefined ? NOTHING : memlockNeed(plan),
    attach: ok && plan !== undefined ? `${predictTimeline(plan).predictedMs} ms` : NOTHING,
    problem: problemCell(firstProblem(answer), problems.length),
  };
};

const layOut = ({ host, result, backends, memlock, attach, problem }: typeof HEADINGS, hostWidth: number): string =>
  [
    host.padEnd(hostWidth),
    result.padEnd(WIDTHS.result),
    backends.padEnd(WIDTHS.backends),
    memlock.padStart(WIDTHS.memlock),
    attach.padStart(WIDTHS.attach),
    problem,
  ]
    .join('  ')
    .trimEnd();

/** The answers for many hosts as an aligned table; a row is made when its answer is there, and nothing is kept but counts. */
export class FleetTable {
  readonly #hostWidth: number;
  readonly #refusals = new Map<string, number>();
  #hosts = 0;
  #running = 0;

  /** @param hosts the names of all hosts that will come */
  constructor(hosts: readonly string[]) {
    const longest = hosts.reduce((width, host) => Math.max(width, host.length), HEADINGS.host.length);
    this.#hostWidth = Math.min(longest, WIDEST_HOST);
  }

  heading(): string {
    return layOut(HEADINGS, this.#hostWidth);
  }

  row(answer: HostAnswer): string {
    this.#hosts += 1;
    if (canRun(answer)) {
      this.#running += 1;
    } else {
      const code = firstProblem(answer)?.code ?? 'INTERNAL';
      this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
    }
    return layOut(cells(answer), this.#hostWidth);
  }

  /** How many hosts can run the launch, and what stops the others, most frequent first. */
  summary(): string {
    const verdict = `${this.#running} of ${this.#hosts} hosts can run this launch`;
    const reasons = [...this.#refusals].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return reasons.length === 0 ? verdict : `${verdict}; others: ${reasons.map(([code, count]) => `${count} ${code}`).join(', ')}`;
  }
}
