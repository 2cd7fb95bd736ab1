import type { BackendName } from '../backends/address-space.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import type { BackendSettings, DefaultBackend } from '../plan/select-backend.ts';
import { DEFAULTS } from './own-options.ts';

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

/** The options that were given, by their names in camel case. */
export interface OwnValues {
  readonly dryRun?: boolean;
  readonly check?: boolean;
  readonly format?: Format;
  readonly hostModel?: string;
  readonly defaultBackend?: DefaultBackend;
  readonly enableBackends?: readonly BackendName[];
  readonly qemu?: string;
  readonly runAs?: string;
  readonly passFds?: boolean;
  readonly supervise?: boolean;
  readonly manageDevices?: boolean;
  readonly trace?: string;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
}

/** What was not given has its default. */
export const settingsOf = (values: OwnValues): Settings => {
  const passFds = values.passFds === true || values.runAs !== undefined;
  return {
    dryRun: values.dryRun === true,
    check: values.check === true,
    format: values.format ?? DEFAULTS.format,
    hostModel: values.hostModel,
    backends: {
      byDefault: values.defaultBackend ?? DEFAULTS.defaultBackend,
      enabled: new Set(values.enableBackends ?? DEFAULTS.enableBackends),
      passFds,
    },
    qemu: values.qemu,
    runAs: values.runAs,
    passFds,
    supervise: values.supervise === true || values.manageDevices === true,
    manageDevices: values.manageDevices === true,
    trace: values.trace,
    logLevel: values.logLevel ?? DEFAULTS.logLevel,
    logFile: values.logFile,
  };
};

/** The parser is loaded where there is something to parse: most launches have none of our options. @throws VALUE_INVALID */
export const readSettings = async (options: readonly ScannedOption[]): Promise<Settings> => {
  const own = options.filter(({ qemu }) => qemu === undefined);
  if (own.length === 0) {
    return settingsOf({});
  }
  const { parseSettings } = await import('./parse-settings.ts');
  return parseSettings(own);
};
