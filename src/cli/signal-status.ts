import { constants } from 'node:os';

const FIRST = 128;

/** The exit status by which a shell shows that a signal ended a program. */
export const signalStatus = (signal: NodeJS.Signals): number => FIRST + constants.signals[signal];
