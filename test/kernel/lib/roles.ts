import profiles from '../profiles.json' with { type: 'json' };

/** What a device of the test guest is there for; see profiles.json. */
export type RoleName = keyof typeof profiles.roles;

/** PCI address of the device in each role, e.g. `eduA` is `0000:00:04.0`. The same in every profile. */
export const readRoles = (): Readonly<Record<RoleName, string>> => {
  const { roles } = profiles;
  return {
    eduA: roles.eduA.address,
    eduB: roles.eduB.address,
    eduSpare: roles.eduSpare.address,
    sharedBridge: roles.sharedBridge.address,
    sharedA: roles.sharedA.address,
    sharedB: roles.sharedB.address,
    mixedBridge: roles.mixedBridge.address,
    mixedEdu: roles.mixedEdu.address,
    mixedRng: roles.mixedRng.address,
    flrA: roles.flrA.address,
    flrB: roles.flrB.address,
    flrC: roles.flrC.address,
    flrD: roles.flrD.address,
    e1000e: roles.e1000e.address,
    igb: roles.igb.address,
  };
};

/** Each role with its address and the IDs (`vendor:device`, hexadecimal) that must be found there. */
export const EXPECTED_DEVICES = Object.entries(profiles.roles).map(([role, { address, id }]) => ({ role, address, id }));
