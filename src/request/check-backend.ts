import { failure } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';

const NO_POLICY = 'default';

/** A policy wants nodes and nodes want a policy (QEMU backends/hostmem.c, host_memory_backend_memory_complete). */
const checkPolicy = ({ values }: ObjectSpec): void => {
  const given = values.get('policy');
  const policy = typeof given === 'string' ? given : NO_POLICY;
  const nodes = values.get('host-nodes');
  const hasNodes = Array.isArray(nodes) && nodes.length > 0;
  if (hasNodes && policy === NO_POLICY) {
    throw failure(
      'VALUE_INVALID',
      'host-nodes must be empty for policy default, or you should explicitly specify a policy other than default',
      { fixes: ['add policy=bind', 'remove host-nodes='] },
    );
  }
  if (!hasNodes && policy !== NO_POLICY) {
    throw failure('VALUE_INVALID', `host-nodes must be set for policy ${policy}`, {
      fixes: ['add host-nodes=0', 'remove policy='],
    });
  }
};

const checkHugePages = ({ type, values }: ObjectSpec): void => {
  const size = values.get('hugetlbsize');
  if (typeof size !== 'bigint') {
    return;
  }
  if (size === 0n) {
    throw failure('VALUE_INVALID', `Property '${type.name}.hugetlbsize' doesn't take value '0'`, { fixes: ['hugetlbsize=2M'] });
  }
  if ((size & (size - 1n)) !== 0n) {
    throw failure('VALUE_INVALID', 'Hugepage size must be a power of 2', { fixes: ['hugetlbsize=2M', 'hugetlbsize=1G'] });
  }
};

/**
 * What QEMU refuses of a memory backend when it makes it, beside its size; it says no location then.
 * @throws VALUE_INVALID in QEMU's words
 */
export const checkBackend = (object: ObjectSpec): void => {
  const { type, values } = object;
  if (values.get('prealloc-threads') === 0n) {
    throw failure('VALUE_INVALID', `property 'prealloc-threads' of ${type.name} doesn't take value '0'`, {
      fixes: ['prealloc-threads=1'],
    });
  }
  checkHugePages(object);
  checkPolicy(object);
};
