import { failure } from '../errors/problem.ts';
import type { AddressSpace, BackendName, IommufdObject } from './address-space.ts';
import { iommufdCompatSteps } from './iommufd-compat.ts';
import { iommufdSteps } from './iommufd.ts';
import type { Step } from './step.ts';
import { type1Steps } from './type1.ts';

type Builder = (space: AddressSpace) => Step[];

const withObject =
  (build: (space: AddressSpace, object: IommufdObject) => Step[]): Builder =>
  (space) => {
    if (space.object === undefined) {
      throw failure('INTERNAL', `${space.id} has no iommufd object`);
    }
    return build(space, space.object);
  };

const BUILDERS: Readonly<Record<BackendName, Builder>> = {
  type1: type1Steps,
  iommufd: withObject(iommufdSteps),
  'iommufd-compat': withObject(iommufdCompatSteps),
};

/** The steps that attach all devices of an address space and map guest RAM for them. Nothing else asks which backend it is. */
export const attachSteps = (space: AddressSpace): Step[] => BUILDERS[space.backend](space);
