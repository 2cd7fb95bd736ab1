import { closeSync, openSync } from 'node:fs';
import { libc as loadLibc } from './libc.ts';
import { systemCall } from './system-call.ts';

const STREAMS = [0, 1, 2];

/** Lets go of the files behind the standard streams: /dev/null is behind them from now on. @throws SystemCallError */
export const detachStandardStreams = (): void => {
  const libc = loadLibc();
  const nowhere = openSync('/dev/null', 'r+');
  for (const stream of STREAMS) systemCall(libc, 'dup3', `fd ${stream}`, () => libc.dup3(nowhere, stream, 0));
  closeSync(nowhere);
};
