import { createRequire } from 'node:module';
import type { Logger, pino } from 'pino';
import type { Plan } from '../plan/plan.ts';
import { fileFailure } from './file-failure.ts';
import type { LogLevel, Settings } from './settings.ts';

/** A bundle in CommonJS has no `import.meta.url`: its build replaces the expression by `__filename`. */
const loadPino = (): typeof pino => createRequire(import.meta.url)('pino');

const openDestination = (load: typeof pino, file: string | undefined): ReturnType<typeof pino.destination> => {
  try {
    return load.destination({ dest: file ?? 2, sync: true });
  } catch (error) {
    throw fileFailure('log-file', file ?? '', error);
  }
};

/**
 * A logger that writes at once (nothing may be lost when the process is replaced or killed), or undefined when nothing is
 * logged: loading it costs as much as the whole rest of the start.
 * @throws FILE when the log file cannot be opened
 */
const createLogger = (level: LogLevel, file: string | undefined): Logger | undefined => {
  if (level === 'silent') {
    return undefined;
  }
  const load = loadPino();
  return load({ level, base: null }, openDestination(load, file));
};

/**
 * The log of a launch, which begins with what the plan decided and why; undefined when nothing is logged.
 * @throws FILE when the log file cannot be opened
 */
export const openLog = ({ logLevel, logFile }: Settings, { entries, spaces, memlock }: Plan): Logger | undefined => {
  const logger = createLogger(logLevel, logFile);
  for (const { linked, identity, selection } of entries) {
    if (selection === undefined) continue;
    const { backend, reason } = selection;
    logger?.info({ device: linked.path, host: identity?.name, backend, reason }, 'backend chosen');
  }
  logger?.info({ addressSpaces: spaces.length, memlockBytes: String(memlock.required) }, 'planned');
  return logger;
};
