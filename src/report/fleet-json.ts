import { predictTimeline } from '../plan/timeline.ts';
import { backendsOf, canRun, type HostAnswer } from './host-answer.ts';
import { memlockJson, problemJson } from './plan-json.ts';

/**
 * The answer for one host as `plan --host-model DIR/ --format json` prints it, one line each; `schema` is raised when keys change.
 * What only a plan knows is null where the model could not be read; the predicted time also where the host cannot run the launch.
 */
export const hostAnswerJson = (answer: HostAnswer) => {
  const { host, file, plan, problems } = answer;
  const ok = canRun(answer);
  return {
    schema: 'vmattach.fleet/1',
    host,
    file,
    ok,
    backends: backendsOf(answer),
    memlock: plan === undefined ? null : memlockJson(plan.memlock),
    predictedMs: ok && plan !== undefined ? predictTimeline(plan).predictedMs : null,
    problems: problems.map(problemJson),
  };
};
