import { EXTENSION } from '../uapi/constants.ts';
import type { Container } from './container.ts';
import { check } from './errno-exception.ts';
import type { ContainerFile } from './files.ts';
import { valueOf, type Handler, type Handlers } from './handler.ts';
import { type1DirtyPages } from './type1-dirty.ts';
import { type1GetInfo } from './type1-info.ts';
import { type1Map } from './type1-map.ts';
import type { Type1 } from './type1.ts';
import { type1Unmap } from './type1-unmap.ts';
import { isAtLeast, isParameterSet, type World } from './world.ts';

/** Type1 nesting came out of the kernel in 6.13. */
const NESTING = 6;

const answersBeforeSetIommu = (world: World, { groups }: Container, extension: number): boolean => {
  switch (extension) {
    case EXTENSION.TYPE1_IOMMU:
    case EXTENSION.TYPE1v2_IOMMU:
    case EXTENSION.UNMAP_ALL:
      return true;
    case NESTING:
      return !isAtLeast(world, 6, 13);
    case EXTENSION.NOIOMMU_IOMMU:
      return groups.size === 0 && isParameterSet(world, 'vfio', 'enable_unsafe_noiommu_mode');
    default:
      return false;
  }
};

const answersAfterSetIommu = (world: World, container: Container, type1: Type1, extension: number): boolean => {
  switch (extension) {
    case EXTENSION.UPDATE_VADDR:
      return !type1.hasEmulatedGroup;
    case EXTENSION.DMA_CC_IOMMU:
      return type1.enforcesCoherency;
    case EXTENSION.NOIOMMU_IOMMU:
      return false;
    default:
      return answersBeforeSetIommu(world, container, extension);
  }
};

const checkExtension: Handler<ContainerFile> = (world, { container }, argument) => {
  const extension = valueOf(argument);
  const { type1 } = container;
  const answer =
    type1 === null ? answersBeforeSetIommu(world, container, extension) : answersAfterSetIommu(world, container, type1, extension);
  return answer ? 1 : 0;
};

const setIommu: Handler<ContainerFile> = (_world, { container }, argument) => {
  const type = valueOf(argument);
  check(container.groups.size > 0 && container.type1 === null, 'EINVAL');
  // UNMAP_ALL passes for a type in the extension check, and is refused when it is opened.
  check(type !== EXTENSION.UNMAP_ALL, 'EINVAL');
  check(type === EXTENSION.TYPE1_IOMMU || type === EXTENSION.TYPE1v2_IOMMU, 'ENODEV');
  container.setIommu(type === EXTENSION.TYPE1v2_IOMMU ? 2 : 1);
  return 0;
};

/** A call that the IOMMU answers. @throws ErrnoException EINVAL while there is none */
const onType1 =
  (handler: Handler<Type1>): Handler<ContainerFile> =>
  (world, { container: { type1 } }, argument) => {
    check(type1 !== null, 'EINVAL');
    return handler(world, type1, argument);
  };

/** /dev/vfio/vfio (drivers/vfio/container.c and vfio_iommu_type1.c). */
export const CONTAINER_HANDLERS: Handlers<ContainerFile> = {
  VFIO_GET_API_VERSION: () => 0,
  VFIO_CHECK_EXTENSION: checkExtension,
  VFIO_SET_IOMMU: setIommu,
  VFIO_IOMMU_GET_INFO: onType1(type1GetInfo),
  VFIO_IOMMU_MAP_DMA: onType1(type1Map),
  VFIO_IOMMU_UNMAP_DMA: onType1(type1Unmap),
  VFIO_IOMMU_DIRTY_PAGES: onType1(type1DirtyPages),
};
