import path from 'node:path';
import { BACKENDS } from '../../src/backends/address-space.ts';
import { readHostModelFile } from '../../src/host/load-model.ts';
import type { HostModel } from '../../src/host/model.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { createPlan } from '../../src/plan/create-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { BackendSettings } from '../../src/plan/select-backend.ts';
import { readRequest } from '../../src/request/read-request.ts';
import type { LaunchRequest } from '../../src/request/request.ts';

/** Words of a command line; none of them has a blank. */
export const words = (line: string): readonly string[] => line.split(' ').filter((word) => word !== '');

export const requestOf = (line: string | readonly string[]): LaunchRequest =>
  readRequest(scanArgv(typeof line === 'string' ? words(line) : line), 'bare');

/** Every backend is allowed and the default is QEMU's. */
export const DEFAULTS: BackendSettings = { byDefault: 'type1', enabled: new Set(BACKENDS) };

export const planOf = (line: string, host: HostModel, settings: Partial<BackendSettings> = {}): Plan =>
  createPlan(requestOf(line), host, { ...DEFAULTS, ...settings });

export type ExampleHost = 'workstation' | 'sriov-server' | 'stock-debian' | 'unprepared' | 'no-iommu';

export const EXAMPLE_HOSTS: readonly ExampleHost[] = ['workstation', 'sriov-server', 'stock-debian', 'unprepared', 'no-iommu'];

export const exampleHost = (name: ExampleHost): HostModel =>
  readHostModelFile(path.resolve(import.meta.dirname, `../../examples/hosts/${name}.json`));

/** The codes of a plan's problems, in order. */
export const codes = ({ problems }: Plan): readonly string[] => problems.map(({ code }) => code);
