import { SystemCallError } from '../kernel/system-call-error.ts';
import { notifyService } from '../kernel/linux/service-notification.ts';
import { say } from './output.ts';

const notify = (...lines: readonly string[]): void => {
  const socket = process.env['NOTIFY_SOCKET'];
  try {
    notifyService(socket, lines);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    // The devices are attached; a service manager that is not there changes nothing about that.
    say(`warning: the service manager was not told ${lines[0]}: NOTIFY_SOCKET=${socket}: ${error.text}`);
  }
};

/** Tells the service manager, if there is one, that all is up; which process that is, it may know by another number. */
export const notifyReady = (): void => notify('READY=1', `MAINPID=${process.pid}`);

/** Tells it that the end has begun. */
export const notifyStopping = (): void => notify('STOPPING=1');
