import type { BackendName } from '../backends/address-space.ts';
import { failure } from '../errors/problem.ts';

export type DefaultBackend = 'type1' | 'iommufd' | 'prefer-iommufd';

export interface BackendSettings {
  readonly byDefault: DefaultBackend;
  readonly enabled: ReadonlySet<BackendName>;
  /** What an engine needs is opened here and passed to it. */
  readonly passFds?: boolean;
}

/** What the command line says about one device. */
export interface DeviceWish {
  readonly deviceType: string;
  /** `iommufd` for the type that never uses another backend. */
  readonly rule: 'explicit' | 'iommufd';
  readonly hasFd: boolean;
  /** The object that `iommufd=` or `iommu=` names. */
  readonly object: { readonly id: string; readonly compat: 'type1v2' | 'type1' | undefined } | undefined;
}

export interface SelectionInput extends DeviceWish {
  readonly settings: BackendSettings;
  /** Whether cdev and /dev/iommu can be opened, and if not why. Asked only by `prefer-iommufd`. */
  readonly iommufdUsable: () => { readonly usable: true } | { readonly usable: false; readonly why: string };
}

export interface Selection {
  readonly backend: BackendName;
  /** One sentence: why this backend and no other. */
  readonly reason: string;
  /** The object is made in the background. */
  readonly needsObject: boolean;
}

const bySpecification = ({ deviceType, rule, object }: DeviceWish): Selection | undefined => {
  if (object?.compat !== undefined) {
    if (rule === 'iommufd') {
      throw failure(
        'CONFLICT',
        `object '${object.id}' has compat=${object.compat}, but ${deviceType} always uses the iommufd backend`,
        {
          cause: `compat= makes devices go through the VFIO compatibility layer; ${deviceType} has no such form`,
          fixes: [`use -device vfio-pci,...,iommufd=${object.id}`, `remove compat= from -object iommufd,id=${object.id}`],
        },
      );
    }
    return {
      backend: 'iommufd-compat',
      reason: `it links to the iommufd object '${object.id}', which has compat=${object.compat}`,
      needsObject: false,
    };
  }
  if (object !== undefined) {
    return { backend: 'iommufd', reason: `it links to the iommufd object '${object.id}'`, needsObject: false };
  }
  if (rule === 'iommufd') {
    return { backend: 'iommufd', reason: `devices of type ${deviceType} always use iommufd`, needsObject: true };
  }
  return undefined;
};

const byDefault = ({ settings, iommufdUsable }: SelectionInput): Selection => {
  switch (settings.byDefault) {
    case 'type1':
      return { backend: 'type1', reason: 'it links to no iommufd object and the default backend is type1', needsObject: false };
    case 'iommufd':
      return { backend: 'iommufd', reason: 'it links to no iommufd object and --default-backend is iommufd', needsObject: true };
    case 'prefer-iommufd': {
      const answer = iommufdUsable();
      return answer.usable
        ? {
            backend: 'iommufd',
            reason: '--default-backend is prefer-iommufd and its cdev and /dev/iommu can be opened',
            needsObject: true,
          }
        : { backend: 'type1', reason: `--default-backend is prefer-iommufd, but ${answer.why}`, needsObject: false };
    }
  }
};

const checkEnabled = (selection: Selection, { settings }: SelectionInput): Selection => {
  if (settings.enabled.has(selection.backend)) {
    return selection;
  }
  const enabled = [...settings.enabled].join(',');
  throw failure('BACKEND_DISABLED', `backend ${selection.backend} is not enabled`, {
    cause: `${selection.backend} was chosen because ${selection.reason}; --enable-backends allows ${enabled}`,
    fixes: [`--enable-backends ${enabled},${selection.backend}`],
  });
};

/**
 * What the command line alone decides; undefined leaves it to the default. A device can be refused by this before anybody looks
 * which one it is, as QEMU does.
 * @throws CONFLICT, PROPERTY_MISSING (an fd without an object, in QEMU's words)
 */
export const specifiedBackend = (wish: DeviceWish): Selection | undefined => {
  const specified = bySpecification(wish);
  if (specified === undefined && wish.hasFd) {
    throw failure('PROPERTY_MISSING', 'Use FD passing only with iommufd backend', {
      cause: 'fd= is an open VFIO cdev, and a cdev works only with an iommufd; this device links to none',
      fixes: ['add -object iommufd,id=iommufd0 and give the device iommufd=iommufd0'],
    });
  }
  return specified;
};

/**
 * Which backend a device uses: a pure function of the command line; only `prefer-iommufd` asks the host. There is no fallback:
 * if the chosen backend cannot work, the launch stops and says why.
 * @throws as `specifiedBackend`, BACKEND_DISABLED
 */
export const selectBackend = (input: SelectionInput): Selection => checkEnabled(specifiedBackend(input) ?? byDefault(input), input);
