import type { PciDeviceFacts } from '../host/model.ts';
import type { SystemFiles } from '../host/system-files.ts';
import { entriesBelow } from './below-device.ts';
import type { DeviceUse } from './device-use.ts';

/** What the routing tables say about interfaces. */
interface Routes {
  readonly byDefault: ReadonlySet<string>;
  readonly any: ReadonlySet<string>;
}

const ZERO_IPV6 = '0'.repeat(32);
const RTF_UP = 1;
const RTF_REJECT = 0x200;

const lines = (text: string | undefined): string[][] => (text ?? '').split('\n').map((line) => line.trim().split(/\s+/));

/** /proc/net/route: interface, destination, gateway, flags, ..., mask at 7; hexadecimal (proc_net(5)). */
const readIpv4 = (files: SystemFiles): readonly { name: string; isDefault: boolean }[] =>
  lines(files.text('/proc/net/route'))
    .slice(1)
    .flatMap(([name, destination, , flags, , , , mask]) =>
      name === undefined || (Number.parseInt(flags ?? '0', 16) & RTF_UP) === 0
        ? []
        : [{ name, isDefault: destination === '00000000' && mask === '00000000' }],
    );

/** /proc/net/ipv6_route: destination, prefix length, ..., flags at 8, interface last. Link-local and multicast routes say nothing. */
const readIpv6 = (files: SystemFiles): readonly { name: string; isDefault: boolean }[] =>
  lines(files.text('/proc/net/ipv6_route')).flatMap((fields) => {
    const [destination, prefix] = fields;
    const flags = Number.parseInt(fields[8] ?? '0', 16);
    const name = fields[9];
    if (destination === undefined || name === undefined || (flags & RTF_UP) === 0 || (flags & RTF_REJECT) !== 0) return [];
    return /^f(e8|f)/.test(destination) ? [] : [{ name, isDefault: destination === ZERO_IPV6 && prefix === '00' }];
  });

const readRoutes = (files: SystemFiles): Routes => {
  const routes = [...readIpv4(files), ...readIpv6(files)];
  return {
    byDefault: new Set(routes.filter(({ isDefault }) => isDefault).map(({ name }) => name)),
    any: new Set(routes.map(({ name }) => name)),
  };
};

/** The interface and all that stand on it: bridges, bonds, VLANs (`upper_*` links, net/core/dev.c). */
const withUppers = (files: SystemFiles, name: string, seen: Set<string> = new Set()): ReadonlySet<string> => {
  if (!seen.has(name)) {
    seen.add(name);
    for (const entry of files.names(`/sys/class/net/${name}`)) {
      if (entry.startsWith('upper_')) withUppers(files, entry.slice('upper_'.length), seen);
    }
  }
  return seen;
};

const useOf = (files: SystemFiles, name: string, routes: Routes): DeviceUse[] => {
  const stack = [...withUppers(files, name)];
  const through = (upper: string): string => (upper === name ? name : `${upper} (on ${name})`);
  const onDefault = stack.find((upper) => routes.byDefault.has(upper));
  if (onDefault !== undefined) return [{ level: 'refuse', what: `the default route goes through ${through(onDefault)}` }];
  const hasCarrier = files.text(`/sys/class/net/${name}/carrier`) === '1';
  const addressed = stack.find((upper) => routes.any.has(upper));
  if (hasCarrier && addressed !== undefined) {
    return [{ level: 'refuse', what: `network interface ${through(addressed)} is up and has an address` }];
  }
  return hasCarrier ? [{ level: 'warn', what: `network interface ${name} is up` }] : [];
};

/** Network interfaces of the device that the host is reached through or talks through, in this network namespace. */
export const networkUses = (files: SystemFiles, device: PciDeviceFacts): readonly DeviceUse[] => {
  const interfaces = entriesBelow(files, '/sys/class/net', device.address);
  if (interfaces.length === 0) return [];
  const routes = readRoutes(files);
  return interfaces.flatMap(({ name }) => useOf(files, name, routes));
};
