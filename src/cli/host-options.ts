import type { OwnOptionDefinition } from './own-options.ts';

/** Options of subcommands that look at a host and print what they see. */
export const HOST_OPTIONS: readonly OwnOptionDefinition[] = [
  { name: 'host-model', metavar: 'FILE', description: 'look at the host that FILE describes instead of this one' },
  { name: 'format', metavar: 'FORMAT', description: 'how it is printed', choices: ['text', 'json'], default: 'text' },
];

/** What `HOST_OPTIONS` give. */
export interface HostOptionValues {
  readonly hostModel?: string;
  readonly format: 'text' | 'json';
}
