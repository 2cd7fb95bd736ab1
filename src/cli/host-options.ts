import { OWN_OPTIONS, type OwnOptionDefinition } from './own-options.ts';

const HOST_MODEL: readonly OwnOptionDefinition[] = OWN_OPTIONS.filter(({ name }) => name === 'host-model');

/** Options of subcommands that look at a host and print what they see. */
export const HOST_OPTIONS: readonly OwnOptionDefinition[] = [
  ...HOST_MODEL,
  { name: 'format', metavar: 'FORMAT', description: 'how it is printed', choices: ['text', 'json'], default: 'text' },
];

/** What `HOST_OPTIONS` give. */
export interface HostOptionValues {
  readonly hostModel?: string;
  readonly format: 'text' | 'json';
}
