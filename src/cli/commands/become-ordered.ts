import { ftruncateSync, readFileSync, writeSync } from 'node:fs';
import { failure, VmattachError, type Problem } from '../../errors/problem.ts';
import { inheritFds } from '../../kernel/linux/place-fd.ts';
import { formatRefusal, parseOrder, type EngineOrder } from '../../launch/engine-order.ts';
import { becomeEngine } from '../become-engine.ts';

const notOrdered = (word: string) =>
  failure('VALUE_INVALID', 'no engine was ordered', {
    location: `#engine ${word}`,
    cause: 'only vmattach --supervise starts vmattach this way',
    fixes: ['vmattach --supervise with the options of the launch'],
  });

const readOrder = (word: string): EngineOrder => {
  try {
    return parseOrder(readFileSync(`/proc/self/fd/${word}`, 'utf8'));
  } catch {
    throw notOrdered(word);
  }
};

/** Who ordered it says it, once. */
const refuse = (fd: number, problem: Problem): number => {
  ftruncateSync(fd, 0);
  writeSync(fd, formatRefusal(problem), 0);
  return 1;
};

/** Becomes the engine that the supervising process ordered. @returns only when it cannot. @throws VALUE_INVALID */
export const becomeOrdered = (argv: readonly string[]): number => {
  const [word = ''] = argv;
  if (!/^\d+$/.test(word)) throw notOrdered(word);
  const order = readOrder(word);
  const fd = Number(word);
  try {
    inheritFds([fd], false);
    return becomeEngine(order);
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    return refuse(fd, error.problem);
  }
};
