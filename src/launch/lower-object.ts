import { failure } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import type { Lowered } from './engine-command.ts';
import { namedFdReason } from './named-fd-reason.ts';

const NOTHING: Lowered = { edits: new Map(), reasons: [] };

/** @throws OPTION_UNSUPPORTED for an iommufd that is to look like a type1 container, which no engine has */
const refuseCompat = ({ id, location, values }: ObjectSpec): void => {
  const compat = values.get('compat');
  if (typeof compat !== 'string') return;
  throw failure('OPTION_UNSUPPORTED', `object '${id}' has compat=${compat}, which QEMU does not know`, {
    location,
    cause: 'QEMU uses an iommufd by its own interface only; the compatibility layer is for -machine bare',
    fixes: ['remove compat=', 'use -machine bare'],
  });
};

/**
 * An object in the engine's words: `iommu` is an iommufd, and an fd has a number.
 * @param fd of an iommufd that is open by then
 * @throws OPTION_UNSUPPORTED
 */
export const lowerObject = (spec: ObjectSpec, fd: number | undefined): Lowered => {
  if (spec.type.name !== 'iommufd' && spec.type.name !== 'iommu') return NOTHING;
  refuseCompat(spec);
  const edits = new Map<string, string>();
  const reasons: string[] = [];
  if (spec.type.name === 'iommu') {
    edits.set('qom-type', 'iommufd');
    reasons.push("iommu is vmattach's other name for iommufd");
  }
  if (fd !== undefined) {
    edits.set('fd', String(fd));
    reasons.push(namedFdReason(spec.values, '/dev/iommu'));
  }
  return { edits, reasons };
};
