import { setFlagsFromString } from 'node:v8';

/**
 * V8 lets a function run several times before it notes what the function has to do with, and until then looks every property up anew. A
 * machine runs most functions once for each plug, so that its first dozen plugs would be slow: from now on V8 notes from the first call on.
 * Where a program ends after its start, that would be work for functions that never run again.
 */
export const learnFromFirstCall = (): void => setFlagsFromString('--no-lazy-feedback-allocation');
