import { describe, expect, test } from 'vitest';
import { Turns } from '../../src/monitor/turns.ts';

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

describe('Turns', () => {
  test('nothing runs before the machine is ready, then one after another in the order asked', async () => {
    let ready = (): void => undefined;
    const turns = new Turns(
      new Promise((resolve) => {
        ready = resolve;
      }),
    );
    const log: string[] = [];
    const tasks = ['a', 'b', 'c'].map((name) =>
      turns.take(async () => {
        log.push(`${name} begins`);
        await later();
        log.push(`${name} ends`);
      }),
    );
    await later();
    expect(log).toEqual([]);
    ready();
    expect(await Promise.all(tasks)).toEqual([true, true, true]);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('what runs when it is stopped is the last', async () => {
    const turns = new Turns(Promise.resolve());
    const log: string[] = [];
    const first = turns.take(() => {
      turns.stop();
      log.push('first');
      return Promise.resolve();
    });
    const second = turns.take(() => {
      log.push('second');
      return Promise.resolve();
    });
    expect(await Promise.all([first, second])).toEqual([true, false]);
    expect(log).toEqual(['first']);
  });
});
