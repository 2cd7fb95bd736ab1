import type { OptionDescriptor } from './qemu-opts.ts';

const names = (type: OptionDescriptor['type'], ...of: readonly string[]): readonly OptionDescriptor[] =>
  of.map((name) => ({ name, type }));

/** Every parameter of `-chardev` (chardev/char.c qemu_chardev_opts of QEMU 10.0), in QEMU's order. */
export const CHARDEV_PARAMETERS: readonly OptionDescriptor[] = [
  ...names('string', 'backend', 'path', 'input-path', 'host', 'port', 'fd', 'localaddr', 'localport'),
  ...names('number', 'to'),
  ...names('bool', 'ipv4', 'ipv6', 'wait', 'server', 'delay', 'nodelay'),
  ...names('number', 'reconnect', 'reconnect-ms'),
  ...names('bool', 'telnet', 'tn3270'),
  ...names('string', 'tls-creds', 'tls-authz'),
  ...names('bool', 'websocket'),
  ...names('number', 'width', 'height', 'cols', 'rows'),
  ...names('bool', 'mux', 'signal'),
  ...names('string', 'name'),
  ...names('number', 'debug'),
  ...names('size', 'size'),
  ...names('string', 'chardev', 'chardevs.0', 'chardevs.1', 'chardevs.2', 'chardevs.3'),
  ...names('bool', 'append'),
  ...names('string', 'logfile'),
  ...names('bool', 'logappend', 'mouse', 'clipboard', 'tight', 'abstract'),
];
