import type { Problem } from '../errors/problem.ts';

/** A problem as programs get it: every key is there. */
export const problemJson = ({ code, severity, subject, message, cause, fixes }: Problem) => ({
  code,
  severity,
  subject: subject ?? null,
  message,
  cause: cause ?? null,
  fixes: fixes ?? [],
});
