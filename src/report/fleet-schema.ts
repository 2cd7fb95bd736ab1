import { BACKENDS } from '../backends/address-space.ts';
import { choice, closed, flag, list, PROBLEM, text, type Schema } from './json-schema.ts';
import { MEMLOCK } from './plan-schema.ts';

/** One line of `vmattach plan --host-model DIR/ --format json`: the source of docs/fleet.schema.json. */
export const FLEET_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:vmattach:fleet:1',
  title: 'vmattach plan on a folder of host models',
  ...closed('What a launch would come to on one host of many, one object for each line.', {
    schema: { const: 'vmattach.fleet/1', description: 'Raised when a key changes its meaning or goes.' },
    host: text("Name of the host model's file, without .json."),
    file: text('The file, as it can be given to --host-model.'),
    ok: flag('Whether the host can run the launch.'),
    backends: list('What its devices would use, each once.', choice('A backend.', BACKENDS)),
    memlock: {
      ...MEMLOCK,
      type: ['object', 'null'],
      description: 'Locked memory: what the launch needs against what it may lock; null when the model cannot be read.',
    },
    predictedMs: {
      type: ['number', 'null'],
      minimum: 0,
      description: 'What attaching is expected to take, in ms; null when the host cannot run the launch.',
    },
    problems: list('As in a plan; for a model that cannot be read, what is wrong with it.', PROBLEM),
  }),
};
