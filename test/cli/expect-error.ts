import { expect } from 'vitest';
import { firstError, type Outcome } from './run.ts';

/** One clear error: exit status 1, QEMU's line first, then why and what to do; no result, no stack trace, no defect of ours. */
export const expectClearError = ({ status, signal, stdout, stderr }: Outcome, message?: string | RegExp): void => {
  expect({ status, signal, stdout }).toEqual({ status: 1, signal: null, stdout: '' });
  expect(stderr).toMatch(/^vmattach: /);
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(stderr).not.toContain('internal error');
  expect(stderr).toMatch(/^ {2}(?:cause|fix): /m);
  if (typeof message === 'string') expect(firstError(stderr)).toBe(message);
  if (message instanceof RegExp) expect(firstError(stderr)).toMatch(message);
};
