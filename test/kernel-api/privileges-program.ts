import { readdirSync, readFileSync } from 'node:fs';
import { dropPrivileges } from '../../src/kernel/linux/drop-privileges.ts';
import { setMemlockLimit } from '../../src/kernel/linux/memlock-limit.ts';

/** Gives up root and prints what each of its threads is allowed then. */
const [allowHelpers = ''] = process.argv.slice(2);

setMemlockLimit({ soft: 65_536n, hard: 131_072n });
dropPrivileges({ uid: 4001, gid: 4002, groups: [4003], allowHelpers: allowHelpers === 'helpers' });

const status = (task: string): Record<string, string> =>
  Object.fromEntries(
    readFileSync(`/proc/self/task/${task}/status`, 'utf8')
      .split('\n')
      .map((line) => line.split(':\t'))
      .map(([name = '', value = '']) => [name, value.trim().replaceAll(/\s+/g, ' ')]),
  );

const attempt = (body: () => void): string => {
  try {
    body();
    return 'allowed';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
};

console.log(
  JSON.stringify({
    main: status(String(process.pid)),
    threads: readdirSync('/proc/self/task').map(status),
    limit: /^Max locked memory +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.slice(1),
    back: attempt(() => process.setuid?.(0)),
    raise: attempt(() => setMemlockLimit({ soft: 65_536n, hard: 262_144n })),
  }),
);
