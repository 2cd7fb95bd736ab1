import { CLASS_WORDS } from '../../preflight/pci-classes.ts';
import { listDevices } from '../../preflight/list-devices.ts';
import { devicesJson } from '../../report/devices-json.ts';
import { devicesText } from '../../report/devices-text.ts';
import { HOST_OPTIONS, type HostOptionValues } from '../host-options.ts';
import { print, sayProblem } from '../output.ts';
import { readOperands } from '../read-operands.ts';
import { readWholeHost } from '../read-host.ts';

interface Values extends HostOptionValues {
  readonly all?: boolean;
}

/** Its words, for parsing, help, completion and the manual. */
export const DEVICES_SYNTAX = {
  name: 'devices',
  summary: `Lists the PCI devices of this host and says which can be passed through, and why the others cannot.

A FILTER is an address or a part of one (01:00), a driver, vendor:device (10de:2684), a part of the name, or a class:
${CLASS_WORDS.join(', ')}.
With several, a device is listed that fits one of them. Without any, all devices but bridges are.
Exit status 1 when no device fits.`,
  operands: '[FILTER...]',
  options: [...HOST_OPTIONS, { name: 'all', description: 'bridges too' }],
};

const sayNothingFits = (words: readonly string[]): void =>
  sayProblem({
    code: 'NO_SUCH_DEVICE',
    severity: 'error',
    location: `devices ${words.join(' ')}`.trimEnd(),
    message: words.length === 0 ? 'this host has no PCI devices' : 'no device fits',
    cause:
      words.length === 0
        ? '/sys/bus/pci/devices is empty or not there, or shows bridges only'
        : 'a FILTER is an address or a part of one, a driver, vendor:device, a part of the name, or a class',
    fixes: ['vmattach devices --all lists every device', 'vmattach devices --help lists the classes'],
  });

/** `vmattach devices`: what can be passed through. @returns the exit status: 1 when nothing fits */
export const devices = (argv: readonly string[]): number => {
  const words = readOperands<Values>(DEVICES_SYNTAX, argv);
  if (words === undefined) {
    return 0;
  }
  const { operands, values } = words;
  const model = readWholeHost(values.hostModel);
  const listed = listDevices(model, { words: operands, bridges: values.all === true });
  if (values.format === 'json') {
    print(JSON.stringify(devicesJson(listed), undefined, 2));
  } else if (listed.length > 0) {
    print(devicesText(listed, model, operands.length > 0));
  }
  if (listed.length === 0) {
    sayNothingFits(operands);
    return 1;
  }
  return 0;
};
