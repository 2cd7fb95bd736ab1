/**
 * Prints one fact about a boot profile of profiles.json, one item per line, for the shell scripts of this folder.
 * Usage: node profile.mjs names | arguments PROFILE | append PROFILE | modules PROFILE
 */
import { readFileSync } from 'node:fs';

const { roles, profiles } = JSON.parse(readFileSync(new URL('profiles.json', import.meta.url), 'utf8'));
const [what, name] = process.argv.slice(2);

const profileNamed = () => {
  const profile = profiles[name];
  if (profile === undefined) {
    process.stderr.write(`vmattach: no profile '${name}'; there are ${Object.keys(profiles).join(', ')}\n`);
    process.exit(1);
  }
  return profile;
};

// An IOMMU has to come before the devices it translates for. eim=on lets the guest use x2APIC, whose end of interrupt is a register write:
// while devices were attached and detached, that of xAPIC, a write to memory, was lost in one of four runs of a minute. The interrupt of
// the timer then stays in service (`info lapic` of QEMU 10.0: 236 in ISR and IRR) and the processor sleeps for ever.
const qemuArguments = ({ machine, iommu }) => [
  '-machine',
  machine,
  ...[...iommu, ...Object.values(roles).flatMap((role) => role.qemu)].flatMap((device) => ['-device', device]),
];

const answers = {
  names: () => Object.keys(profiles),
  arguments: () => qemuArguments(profileNamed()),
  append: () => [profileNamed().append],
  modules: () => profileNamed().modules,
};

process.stdout.write(
  answers[what]()
    .map((line) => `${line}\n`)
    .join(''),
);
