import { readFileSync } from 'node:fs';
import { linuxAccounts } from '../kernel/linux/accounts.ts';
import { numericRunAs, resolveRunAs, type RunAs } from '../launch/run-as.ts';

/** Only for what a mistyped name may have meant: a directory service can hold many thousands, so it is not asked for all. */
const namesIn = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.slice(0, line.indexOf(':')))
      .filter((name) => name !== '');
  } catch {
    return [];
  }
};

/** @param isModel the host is that of a model, whose users nobody knows. @throws VALUE_INVALID */
export const readRunAs = (text: string, isModel: boolean): RunAs =>
  isModel
    ? numericRunAs(text)
    : resolveRunAs(text, {
        accounts: linuxAccounts(),
        userNames: () => namesIn('/etc/passwd'),
        groupNames: () => namesIn('/etc/group'),
      });
