import { expect, test } from 'vitest';
import { failure } from '../../src/errors/problem.ts';
import { CommandError, errorReply, refused } from '../../src/monitor/command-error.ts';
import { timestamp } from '../../src/monitor/events.ts';

test.each([
  [new CommandError('DeviceNotFound', 'gone'), { class: 'DeviceNotFound', desc: 'gone' }],
  [refused('no'), { class: 'GenericError', desc: 'no' }],
  [failure('CONFLICT', 'in use', { cause: 'for people', fixes: ['for people'] }), { class: 'GenericError', desc: 'in use' }],
  [new Error('boom'), { class: 'GenericError', desc: 'internal error: boom' }],
  ['text', { class: 'GenericError', desc: 'internal error: text' }],
])('%s becomes %j: causes and fixes are not sent', (error, reply) => {
  expect(errorReply(error)).toEqual(reply);
});

test('a timestamp is now, in seconds and microseconds', () => {
  const { seconds, microseconds } = timestamp();
  expect(Math.abs(Number(seconds) + Number(microseconds) / 1e6 - Date.now() / 1000)).toBeLessThan(1);
  expect(Number(microseconds)).toBeLessThan(1e6);
});
