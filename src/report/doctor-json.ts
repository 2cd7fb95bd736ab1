import type { Defect } from '../preflight/criterion.ts';
import type { Examination, Verdict } from '../preflight/examine.ts';

const defectJson = ({ subject, code, cause, fixes }: Defect) => ({ subject: subject ?? null, code: code ?? null, cause, fixes });

const detailOf = ({ finding }: Verdict): string | null => {
  switch (finding.result) {
    case 'ok':
      return finding.detail;
    case 'unknown':
      return finding.why;
    case 'fails':
      return null;
  }
};

const verdictJson = (verdict: Verdict) => ({
  id: verdict.criterion.id,
  title: verdict.criterion.title,
  level: verdict.hard ? 'hard' : 'soft',
  result: verdict.finding.result,
  detail: detailOf(verdict),
  defects: verdict.finding.result === 'fails' ? verdict.finding.defects.map(defectJson) : [],
});

/** What `doctor --format json` prints, `schema` "vmattach.doctor/1": docs/doctor.schema.json. Keys are stable. */
export const doctorJson = ({ verdicts, readiness, forLaunch }: Examination) => ({
  schema: 'vmattach.doctor/1',
  readiness,
  forLaunch,
  criteria: verdicts.map(verdictJson),
});
