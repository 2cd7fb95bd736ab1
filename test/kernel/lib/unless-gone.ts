const GONE = new Set(['ENOENT', 'ESRCH', 'ENODEV']);

/**
 * What a look at something finds that may go away at any moment (a driver link, a process), or undefined when it is gone. To ask
 * first whether it is there and look then would leave a gap between the two.
 */
export const unlessGone = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
};
