import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { BACKENDS, type BackendName } from '../backends/address-space.ts';
import { failure } from '../errors/problem.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import type { BackendSettings, DefaultBackend } from '../plan/select-backend.ts';
import { OWN_OPTIONS, type OwnOptionDefinition } from './own-options.ts';

/** How a plan is printed; reports of other kinds are `text` or `json` (see `reportFormat`). */
export type Format = 'text' | 'json' | 'dot' | 'mermaid' | 'svg';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What our own options say. */
export interface Settings {
  readonly dryRun: boolean;
  readonly check: boolean;
  readonly format: Format;
  readonly hostModel: string | undefined;
  readonly backends: BackendSettings;
  readonly qemu: string | undefined;
  /** `USER[:GROUP]`, as it was written. */
  readonly runAs: string | undefined;
  /** Implied by `runAs`. */
  readonly passFds: boolean;
  /** Implied by `manageDevices`. */
  readonly supervise: boolean;
  readonly manageDevices: boolean;
  readonly trace: string | undefined;
  readonly logLevel: LogLevel;
  readonly logFile: string | undefined;
}

interface ParsedValues {
  readonly dryRun?: boolean;
  readonly check?: boolean;
  readonly format: Format;
  readonly hostModel?: string;
  readonly defaultBackend: DefaultBackend;
  readonly enableBackends: readonly BackendName[];
  readonly qemu?: string;
  readonly runAs?: string;
  readonly passFds?: boolean;
  readonly supervise?: boolean;
  readonly manageDevices?: boolean;
  readonly trace?: string;
  readonly logLevel: LogLevel;
  readonly logFile?: string;
}

const isBackend = (name: string): name is BackendName => BACKENDS.some((backend) => backend === name);

const parseBackends = (list: string): BackendName[] => {
  const names = list.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !isBackend(name));
  if (unknown !== undefined || names.length === 0) {
    throw new InvalidArgumentError(`It takes a list of ${BACKENDS.join(', ')}.`);
  }
  return names.filter(isBackend);
};

/** A row of an option table as commander takes it. */
export const toOption = ({ name, metavar, description, choices, default: value }: OwnOptionDefinition): Option => {
  const option = new Option(`--${name}${metavar === undefined ? '' : ` <${metavar}>`}`, description);
  if (name === 'enable-backends') {
    return option.argParser(parseBackends).default(parseBackends(value ?? ''), value);
  }
  if (choices !== undefined) {
    option.choices([...choices]);
  }
  return value === undefined ? option : option.default(value);
};

/** The program as commander sees it: our options only; QEMU's words have been taken out before. */
export const createProgram = (): Command => {
  const program = new Command('vmattach');
  for (const definition of OWN_OPTIONS) {
    program.addOption(toOption(definition));
  }
  return program
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .helpOption(false);
};

const words = ({ name, value }: ScannedOption): string[] => [`--${name}${value === undefined ? '' : `=${value}`}`];

/** commander's own words say what is allowed; only its prefix goes. */
const refused = (error: CommanderError, options: readonly ScannedOption[]) => {
  const option = options.find(({ name }) => error.message.includes(`--${name} `));
  return failure('VALUE_INVALID', error.message.replace(/^error: /, ''), { location: option?.location });
};

/** @throws VALUE_INVALID */
export const readSettings = (options: readonly ScannedOption[]): Settings => {
  const own = options.filter(({ qemu }) => qemu === undefined);
  const program = createProgram();
  try {
    program.parse(own.flatMap(words), { from: 'user' });
  } catch (error) {
    throw error instanceof CommanderError ? refused(error, own) : error;
  }
  const values = program.opts<ParsedValues>();
  const passFds = values.passFds === true || values.runAs !== undefined;
  return {
    dryRun: values.dryRun === true,
    check: values.check === true,
    format: values.format,
    hostModel: values.hostModel,
    backends: { byDefault: values.defaultBackend, enabled: new Set(values.enableBackends), passFds },
    qemu: values.qemu,
    runAs: values.runAs,
    passFds,
    supervise: values.supervise === true || values.manageDevices === true,
    manageDevices: values.manageDevices === true,
    trace: values.trace,
    logLevel: values.logLevel,
    logFile: values.logFile,
  };
};
