import { failure } from '../errors/problem.ts';
import type { Format } from './settings.ts';

/** The format of anything but a plan: only plans can be drawn. @throws VALUE_INVALID */
export const reportFormat = (format: Format): 'text' | 'json' => {
  if (format === 'text' || format === 'json') {
    return format;
  }
  throw failure('VALUE_INVALID', `format '${format}' is for plans only`, {
    location: `--format ${format}`,
    cause: `${format} draws what a launch would do; what was done is reported as text or json`,
    fixes: [`vmattach plan --format ${format} with the same options`, '--format text or --format json'],
  });
};
