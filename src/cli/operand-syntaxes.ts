import { BIND_SYNTAX } from './commands/bind.ts';
import { COMPLETION_SYNTAX } from './commands/completion.ts';
import { DEVICES_SYNTAX } from './commands/devices.ts';
import { PROBE_SYNTAX } from './commands/probe.ts';
import { QMP_SYNTAX } from './commands/qmp.ts';
import { RECORD_SYNTAX } from './commands/record.ts';
import { UNBIND_SYNTAX } from './commands/unbind.ts';
import type { OperandSyntax } from './read-operands.ts';

/** Every subcommand that reads its own words. */
export const OPERAND_SYNTAXES: readonly OperandSyntax[] = [
  DEVICES_SYNTAX,
  PROBE_SYNTAX,
  RECORD_SYNTAX,
  BIND_SYNTAX,
  UNBIND_SYNTAX,
  QMP_SYNTAX,
  COMPLETION_SYNTAX,
];
