import { setFlagsFromString } from 'node:v8';

/**
 * Sets V8 up for a machine, which is held for months and changed now and then: most of its functions run once for each change.
 *
 * V8 lets a function run several times before it notes what the function has to do with, and until then looks every property up anew: that
 * would make the first dozen plugs slow, so it notes from the first call on. It compiles what has run a few hundred times: thirty plugs take
 * as long with that as without, and longer in an emulated machine, where every piece of code is translated once more. What is left to the
 * compiler are loops that run and run, such as the reading of megabytes from a client: 30 times the usual budget, in bytes of bytecode.
 *
 * Where a program ends after its start, none of this would be worth its while.
 */
export const expectRareChanges = (): void => {
  for (const flag of ['--no-lazy-feedback-allocation', '--no-sparkplug', '--no-maglev', '--interrupt-budget=2000000']) {
    setFlagsFromString(flag);
  }
};
