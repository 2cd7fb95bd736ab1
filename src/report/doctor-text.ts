import type { Defect } from '../preflight/criterion.ts';
import type { Examination, Readiness, Verdict } from '../preflight/examine.ts';

const HEADLINES: Readonly<Record<Readiness, string>> = {
  ready: 'ready',
  'not-ready': 'not ready',
  'cannot-tell': 'cannot tell',
};

type Mark = 'FAIL' | 'warn' | '?' | 'ok';

/** In the order in which they are printed. */
const MARKS: readonly Mark[] = ['FAIL', '?', 'warn', 'ok'];

/** What only a hard criterion can make of a host is not shouted for a soft one. */
const markOf = ({ hard, finding }: Verdict): Mark => {
  switch (finding.result) {
    case 'ok':
      return 'ok';
    case 'fails':
      return hard ? 'FAIL' : 'warn';
    case 'unknown':
      return '?';
  }
};

const MARK_WIDTH = 4;
const INDENT = ' '.repeat(MARK_WIDTH + 2);

const defectLines = ({ cause, fixes }: Defect): string[] => [
  `${INDENT}cause: ${cause}`,
  ...fixes.map((fix) => `${INDENT}fix: ${fix}`),
];

const lines = (verdict: Verdict): string[] => {
  const { criterion, finding, hard } = verdict;
  const head = `${markOf(verdict).padEnd(MARK_WIDTH)}  ${criterion.title}`;
  switch (finding.result) {
    case 'ok':
      return [`${head}: ${finding.detail}`];
    case 'unknown':
      return [`${head}: cannot tell${hard ? '' : ', and it need not be known'}: ${finding.why}`];
    case 'fails':
      return [head, ...finding.defects.flatMap(defectLines)];
  }
};

const summary = ({ verdicts, readiness, forLaunch }: Examination): string => {
  const counts = MARKS.flatMap((mark) => {
    const number = verdicts.filter((verdict) => markOf(verdict) === mark).length;
    return number === 0 ? [] : [`${number} ${mark}`];
  });
  return `${HEADLINES[readiness]}${forLaunch ? ' for this launch' : ''} (${counts.join(', ')})`;
};

/** The answer first, then what fails with cause and fixes, then what is unknown, then the rest on a line each. */
export const doctorText = (examination: Examination): string =>
  [
    summary(examination),
    ...MARKS.flatMap((mark) => examination.verdicts.filter((verdict) => markOf(verdict) === mark).flatMap(lines)),
  ].join('\n');
