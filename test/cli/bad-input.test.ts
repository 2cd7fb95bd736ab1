import { describe, expect, test } from 'vitest';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { expectClearError } from './expect-error.ts';
import { run, runShell, WORKSTATION } from './run.ts';

const LIMIT = 5_000;

const onWorkstation = ['--host-model', WORKSTATION, '-machine', 'bare', '-m', '1G'];

describe('malformed JSON is one error, in both options that take JSON', () => {
  const texts: readonly (readonly [text: string, message: string])[] = [
    ['{', 'JSON parse error, premature EOI'],
    ['{}}', 'Expecting at most one JSON value'],
    ['{"a"}', 'JSON parse error, missing : in object pair'],
    ['{"a":}', 'JSON parse error, expecting value'],
    ['{"a":1 "b":2}', 'JSON parse error, expected separator in dict'],
    ['{"a":[1 2]}', 'JSON parse error, expected separator in list'],
    ['{1:2}', 'JSON parse error, key is not a string in object'],
    ['{"a":1,}', 'JSON parse error, expecting value'],
    ['{"a":nope}', "JSON parse error, invalid keyword 'nope'"],
    ['{"a":"\\q"}', 'JSON parse error, invalid escape sequence in string'],
    ['{"a":1,"a":2}', 'JSON parse error, duplicate key'],
    ['{"a":1} {"b":2}', 'Expecting at most one JSON value'],
  ];
  const cases = ['-object', '-device'].flatMap((option) => texts.map(([text, message]) => ({ option, text, message })));
  test.each(cases)('$option $text: $message', { timeout: LIMIT }, async ({ option, text, message }) => {
    expectClearError(await run([option, text]), `${option} ${text}: ${message}`);
  });
});

describe('a wrong id, type, link, property or value is one error', () => {
  const device = 'vfio-pci,host=0000:01:00.0';
  const cases: readonly (readonly [args: readonly string[], message: string])[] = [
    [['-object', 'iommufd'], "-object iommufd: Parameter 'id' is missing"],
    [['-object', 'iomufd,id=a'], "-object iomufd,id=a: Parameter 'qom-type' does not accept value 'iomufd'"],
    [['-object', 'iommufd,id=7'], "-object iommufd,id=7: Parameter 'id' expects an identifier"],
    [['-object', 'iommufd,id=type'], "attempt to add duplicate property 'type' to object (type 'container')"],
    [['-object', 'iommufd,id=a,fd=x'], "Could not parse remote object fd x:Invalid file descriptor number 'x'"],
    [['-object', 'iommufd,id=a,fd=-1'], "Could not parse remote object fd -1:Invalid file descriptor number '-1'"],
    [
      ['-object', 'iommufd,id=a,compat=type2'],
      "-object iommufd,id=a,compat=type2: Parameter 'compat' does not accept value 'type2'",
    ],
    [['-device', `${device},id=a b`], `-device ${device},id=a b: Parameter 'id' expects an identifier`],
    [
      ['-device', '{"driver":"vfio-pci","id":"a/b"}'],
      `-device {"driver":"vfio-pci","id":"a/b"}: Parameter 'id' expects an identifier`,
    ],
    [
      ['-device', '{"driver":"vfio-pci","id":1}'],
      `-device {"driver":"vfio-pci","id":1}: Invalid parameter type for 'id', expected: string`,
    ],
    [['-device', 'iommufd,id=x'], "-device iommufd,id=x: 'iommufd' is not a valid device model name"],
    [['-device', `${device},iommufd=none`], `-device ${device},iommufd=none: Device 'none' not found`],
    [['-device', `${device},iommufd=`], `-device ${device},iommufd=: Property 'vfio-pci.iommufd' doesn't take value ''`],
    [
      ['-device', `${device},iommufd=pc.ram`],
      `-device ${device},iommufd=pc.ram: Invalid parameter type for 'iommufd', expected: iommufd`,
    ],
    [['-device', `${device},iommufd=/`], `-device ${device},iommufd=/: Invalid parameter type for 'iommufd', expected: iommufd`],
    [['-device', `${device},hst=1`], `-device ${device},hst=1: Property 'vfio-pci.hst' not found`],
    [['-device', 'vfio-pci,host=01:00.8'], "-device vfio-pci,host=01:00.8: Property 'vfio-pci.host' doesn't take value '01:00.8'"],
    [['-device', 'vfio-pci,host='], "-device vfio-pci,host=: Property 'vfio-pci.host' doesn't take value ''"],
    [['-device', 'vfio-pci'], '-device vfio-pci: No provided host device'],
    [['-device', `${device},addr=99`], `-device ${device},addr=99: Property 'vfio-pci.addr' doesn't take value '99'`],
    [['-device', `${device},vf-token=1`], `-device ${device},vf-token=1: Property 'vfio-pci.vf-token' doesn't take value '1'`],
    [['-device', `${device},bus=pcie.9`], `-device ${device},bus=pcie.9: Bus 'pcie.9' not found`],
    [['-device', 'virtio-net-pci'], "-device virtio-net-pci: device 'virtio-net-pci' is not supported by -machine bare"],
    [['-object', 'rng-random,id=r'], "-object rng-random,id=r: object type 'rng-random' is not supported by -machine bare"],
    [['-drive', 'file=x'], '-drive file=x: not supported by -machine bare'],
    [['disk.img'], 'disk.img: not supported by -machine bare'],
    [['-m', '1X'], "-m 1X: Parameter 'size' expects a non-negative number below 2^64"],
    [
      ['-m', '2G,maxmem=1G'],
      'invalid value of maxmem: maximum memory size (0x40000000) must be at least the initial memory size (0x80000000)',
    ],
    [['-uuid', '1'], '-uuid 1: failed to parse UUID string: wrong format'],
    [['-smp', '0'], 'Invalid CPU topology: CPU topology parameters must be greater than zero'],
    [['-overcommit', 'mem-lock=yes'], "-overcommit mem-lock=yes: parameter 'mem-lock' expects one of 'on', 'off', 'on-fault'"],
    [['-nosuch'], '-nosuch: invalid option'],
    [['-device'], '-device: requires an argument'],
  ];
  test.each(cases)('%j', { timeout: LIMIT }, async (args, message) => {
    const outcome = await run([...onWorkstation, ...args]);
    expectClearError(outcome);
    expect(outcome.stderr).toContain(message);
  });

  test('a machine property that bare does not have', async () => {
    expectClearError(await run(['-machine', 'bare,usb=on']), "Property 'bare-machine.usb' not found");
  });
});

describe('an option of our own with a wrong or missing value names what it takes', () => {
  const wrong: readonly (readonly [args: readonly string[], allowed: string])[] = [
    [['--format', 'xml'], 'Allowed choices are text, json'],
    [['--format='], 'Allowed choices are text, json'],
    [['--default-backend', 'auto'], 'Allowed choices are type1, iommufd, prefer-iommufd'],
    [['--enable-backends', 'type1,vdpa'], 'a list of type1, iommufd, iommufd-compat'],
    [['--enable-backends', ','], 'a list of type1, iommufd, iommufd-compat'],
    [['--log-level', 'loud'], 'Allowed choices are trace, debug, info, warn, error, silent'],
    [['--check=yes'], 'takes no argument'],
    [['--dry-run='], 'takes no argument'],
    [['--dryrun'], 'did you mean --dry-run'],
    [['-dry-run'], 'did you mean --dry-run'],
    [['--machine=bare'], 'did you mean -machine bare'],
    [['--', '-m', '1G'], 'invalid option'],
  ];
  test.each(wrong)('%j', { timeout: LIMIT }, async (args, allowed) => {
    const outcome = await run([...onWorkstation, ...args]);
    expectClearError(outcome);
    expect(outcome.stderr).toContain(allowed);
  });

  test.each(['format', 'host-model', 'default-backend', 'enable-backends', 'trace', 'log-level', 'log-file'])(
    '--%s at the end of the line',
    { timeout: LIMIT },
    async (name) => expectClearError(await run(['-machine', 'bare', `--${name}`]), `--${name}: requires an argument`),
  );

  test.each([
    ['trace', []],
    ['log-file', ['--log-level', 'debug']],
  ])('--%s in a folder that does not exist stops before anything is attached', async (name, more) => {
    const outcome = await run([...onWorkstation, '--check', ...more, `--${name}`, '/nonexistent/file']);
    expectClearError(outcome, `--${name} /nonexistent/file: cannot write '/nonexistent/file'`);
  });
});

test.each(['plam', 'launch', 'x'])('the unknown subcommand %s is named', async (word) => {
  const outcome = await run([word, ...onWorkstation]);
  expectClearError(outcome, `${word}: Could not open '${word}': No such file or directory`);
  expect(outcome.stderr).toContain('neither a subcommand');
});

describe('a file without an end', () => {
  test.each([
    ['-readconfig', '/dev/zero'],
    ['--host-model', '/dev/zero'],
  ])('%s %s is read up to a limit', { timeout: LIMIT }, async (option, file) => {
    expectClearError(
      await run(['plan', '-machine', 'bare', option, file]),
      new RegExp(`^${option} ${file}: .*larger than 67108864 bytes`),
    );
  });
});

describe('the path of a unix socket is a path', () => {
  // Node would take digits for a TCP port.
  test.each([
    ['1', 'No such file or directory'],
    ['', 'Connection refused'],
  ])("unix:'%s'", { timeout: LIMIT }, async (path, reason) => {
    const message = `Failed to connect to '${path}': ${reason}`;
    const broker = ['-object', `iommufd,id=i,fd=unix:${path}`];
    expectClearError(await run(['-machine', 'bare', ...broker]), `${broker.join(' ')}: ${message}`);
    expectClearError(await run(['qmp', path, 'query-status']), message);
  });
});

describe('text that no option can mean', () => {
  test('bytes that are not UTF-8 are refused, with the place', { timeout: LIMIT }, async () => {
    const outcome = await runShell(`"$VMATTACH" -device "$(printf 'vfio-pci,host=\\377\\376')"`);
    expectClearError(outcome, 'argument 2 of the command line is not valid UTF-8');
  });

  // The kernel ends an argument at its first NUL byte, so that none can reach a program; a caller of the parser can have one.
  test('a NUL byte is refused by the parser', () => {
    expect(() => scanArgv(['-device', 'vfio-pci,host=\0'])).toThrow('argument 2 of the command line contains a NUL byte');
  });
});

describe('devices that cannot be together', () => {
  test('the same device under two names', async () => {
    const devices = ['-device', 'vfio-pci,host=01:00.0', '-device', 'vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:01:00.0/'];
    const outcome = await run([...onWorkstation, ...devices]);
    expectClearError(outcome, /: vfio 0000:01:00\.0: device is already attached$/);
    expect(outcome.stderr).toContain('/machine/peripheral-anon/device[0] is the same host device 0000:01:00.0');
  });

  test('two devices of one group in two address spaces', async () => {
    const devices = ['-device', 'vfio-pci,host=01:00.0', '-device', 'vfio-pci,host=01:00.1,iommufd=i0'];
    const outcome = await run([...onWorkstation, '-object', 'iommufd,id=i0', ...devices]);
    expectClearError(outcome, /: vfio 0000:01:00\.1: group 14 used in multiple address spaces$/);
  });

  test('host and sysfsdev that are different devices', async () => {
    const outcome = await run([...onWorkstation, '-device', 'vfio-pci,host=01:00.0,sysfsdev=/sys/bus/pci/devices/0000:01:00.1']);
    expectClearError(outcome, /: host=0000:01:00\.0 and sysfsdev=.* are different devices$/);
  });
});
