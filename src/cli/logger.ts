import type { Logger } from 'pino';
import type { LogLevel } from './settings.ts';

/**
 * A logger that writes at once (nothing may be lost when the process is replaced or killed), or undefined when nothing is
 * logged: loading it costs as much as the whole rest of the start.
 * @throws FILE when the log file cannot be opened
 */
export const createLogger = async (level: LogLevel, file: string | undefined): Promise<Logger | undefined> => {
  if (level === 'silent') {
    return undefined;
  }
  const { default: pino } = await import('pino');
  return pino({ level, base: null }, pino.destination({ dest: file ?? 2, sync: true }));
};
