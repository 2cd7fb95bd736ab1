import { PROBLEM_CODES } from '../errors/codes.ts';
import { CRITERIA } from '../preflight/examine.ts';
import { choice, closed, flag, list, text, textOrNull, type Schema } from './json-schema.ts';

const DEFECT = closed('Something that stands against a criterion.', {
  subject: textOrNull('The device, QOM path or node that is concerned, if it is one.'),
  code: choice('The problem code of the plan or of what the planner would say; null for what is no problem of a plan.', [
    ...PROBLEM_CODES,
    null,
  ]),
  cause: text('Why, with the guilty thing named.'),
  fixes: list('What to do about it; commands can be pasted.', text('One way.')),
});

const CRITERION = closed('One thing that was looked at. Those that do not apply are left out.', {
  id: choice(
    'Which one; ids are stable.',
    CRITERIA.map(({ id }) => id),
  ),
  title: text('What is the case when it is met.'),
  level: choice('Only hard ones decide whether the host is ready.', ['hard', 'soft']),
  result: choice('"unknown": it cannot be told from here.', ['ok', 'fails', 'unknown']),
  detail: textOrNull('What was found, or why it cannot be told; null when it fails.'),
  defects: list('What stands against it; empty unless it fails.', DEFECT),
});

/** What `vmattach doctor --format json` prints: the source of docs/doctor.schema.json. */
export const DOCTOR_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:vmattach:doctor:1',
  title: 'vmattach doctor',
  ...closed('Whether a host is ready, as printed by vmattach doctor --format json.', {
    schema: { const: 'vmattach.doctor/1', description: 'Raised when a key changes its meaning or goes.' },
    readiness: choice('Exit status 0, 1 and 2: "not-ready" when a hard criterion fails, else "cannot-tell" when one is unknown.', [
      'ready',
      'not-ready',
      'cannot-tell',
    ]),
    forLaunch: flag('Whether the options named devices or objects, so that the host was examined for that launch.'),
    criteria: list('In the order in which they are looked at.', CRITERION),
  }),
};
