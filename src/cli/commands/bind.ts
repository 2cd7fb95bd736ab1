import { planBinding } from '../../binding/plan-binding.ts';
import { isDriverName } from '../../binding/undo-file.ts';
import { failure } from '../../errors/problem.ts';
import { BINDING_OPTIONS, readSubject, runBinding, type BindingValues } from '../binding-run.ts';
import { print } from '../output.ts';
import { readOperands, type OperandSyntax } from '../read-operands.ts';

const DRIVER = 'vfio-pci';

interface BindValues extends BindingValues {
  readonly driver: string;
  readonly others: string;
  readonly force?: boolean;
}

/** Its words, for parsing, help, completion and the manual. */
export const BIND_SYNTAX: OperandSyntax = {
  name: 'bind',
  summary: `Gives devices to vfio, each with its whole IOMMU group, and saves what was there for unbind.

A DEVICE is an address, a part of one that is in no other (01:00.0), or a path in sysfs. The group is shown before anything is touched.
Devices that the host uses are refused. When something fails, everything is taken back.`,
  operands: '<DEVICE...>',
  options: [
    ...BINDING_OPTIONS,
    { name: 'driver', metavar: 'NAME', description: 'driver of the named devices: a variant like mlx5_vfio_pci', default: DRIVER },
    {
      name: 'others',
      metavar: 'DRIVER',
      description: 'driver of the other devices of the group that are on host drivers',
      choices: [DRIVER, 'pci-stub'],
      default: DRIVER,
    },
    { name: 'force', description: 'take devices even if the host uses them' },
  ],
};

const notADriver = (name: string) =>
  failure('VALUE_INVALID', `'${name}' is not the name of a driver`, {
    location: `--driver ${name}`,
    cause: 'drivers are named as in /sys/bus/pci/drivers',
    fixes: [`--driver ${DRIVER}`],
  });

/** `vmattach bind`: gives devices to vfio. @returns the exit status. @throws VmattachError */
export const bind = async (argv: readonly string[]): Promise<number> => {
  const words = readOperands<BindValues>(BIND_SYNTAX, argv);
  if (words === undefined) {
    return 0;
  }
  const { operands, values } = words;
  if (!isDriverName(values.driver)) {
    throw notADriver(values.driver);
  }
  const subject = readSubject(operands, values);
  const request = {
    devices: subject.addresses,
    driver: values.driver,
    others: values.others,
    onlyNamed: values.onlyNamed === true,
    force: values.force === true,
  };
  const plan = planBinding(subject.facts, request, subject.records);
  const status = await runBinding(plan, subject, values);
  if (status === 0 && plan.writes.length > 0 && values.dryRun !== true) {
    const undo = values.undoFile === undefined ? '' : ` --undo-file ${values.undoFile}`;
    print(`to give back: vmattach unbind${undo} ${subject.addresses.join(' ')}`);
  }
  return status;
};
