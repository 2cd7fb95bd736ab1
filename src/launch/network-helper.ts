import { isJson, parseJson } from '../options/json.ts';
import { splitQemuOpts } from '../options/qemu-opts-text.ts';
import type { ScannedOption } from '../options/scan-argv.ts';

const NETWORK_OPTIONS: ReadonlySet<string> = new Set(['netdev', 'nic', 'net']);

const isHelped = (key: string, value: unknown): boolean => key === 'helper' || (key === 'type' && value === 'bridge');

const namesHelper = (text: string): boolean => {
  if (!isJson(text)) return [...splitQemuOpts(text, 'type')].some(({ key, value }) => isHelped(key, value));
  const value = parseJson(text);
  return value instanceof Map && [...value].some(([key, member]) => isHelped(String(key), member));
};

/**
 * The first option that makes QEMU start a helper which gains privileges, as qemu-bridge-helper does by its set-user-ID bit (net/tap.c,
 * net_bridge_run_helper).
 */
export const networkHelper = (options: readonly ScannedOption[]): ScannedOption | undefined =>
  options.find(({ name, value = '' }) => NETWORK_OPTIONS.has(name) && namesHelper(value));
