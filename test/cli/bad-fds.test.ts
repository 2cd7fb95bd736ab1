import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { firstError, run, runShell } from './run.ts';

const object = (fd: number | string): string[] => ['-machine', 'bare', '-object', `iommufd,id=i0,fd=${fd}`];
const device = (fd: number | string): string[] => [
  '-machine',
  'bare',
  '-object',
  'iommufd,id=i0',
  '-device',
  `vfio-pci,fd=${fd},iommufd=i0`,
];

const users = [
  ['an iommufd object', object, 'an iommufd (/dev/iommu)'],
  ['a device', device, 'a VFIO cdev'],
] as const;

describe.each(users)('an fd of %s', (_user, args, wanted) => {
  test.each([900, 65_536, 2_147_483_647])('that is not open is refused: %i', async (fd) => {
    expectClearError(await run(args(fd)), `${args(fd).slice(-2).join(' ')}: fd ${fd} is not open`);
  });

  test.each([
    [0, 'standard input'],
    [1, 'standard output'],
    [2, 'standard error'],
  ])('that is a standard stream is refused: %i', async (fd, name) => {
    expectClearError(await run(args(fd)), `${args(fd).slice(-2).join(' ')}: fd ${fd} is ${name}`);
  });

  const files = [
    ['a regular file', 'package.json', 'r'],
    ['a directory', 'src', 'r'],
    ['a character device', '/dev/null', 'r+'],
  ] as const;
  test.each(files)('that is %s is refused', async (kind, file, flags) => {
    const fd = openSync(file, flags);
    const outcome = await run(args(3), { fds: [fd] });
    closeSync(fd);
    expectClearError(outcome, `${args(3).slice(-2).join(' ')}: fd 3 is ${kind}, not ${wanted}`);
  });

  test('that is a socket is refused', async () => {
    const outcome = await run(args(3), { fds: ['pipe'] });
    expectClearError(outcome, `${args(3).slice(-2).join(' ')}: fd 3 is a socket, not ${wanted}`);
  });

  test('that is a pipe is refused', async () => {
    const outcome = await runShell(`true | "$VMATTACH" "$@" 9<&0`.replace('"$@"', args(9).join(' ')));
    expectClearError(outcome, `${args(9).slice(-2).join(' ')}: fd 9 is a pipe, not ${wanted}`);
  });

  test("that the program's own runtime opened is refused, whichever number it has", async () => {
    const numbers = Array.from({ length: 28 }, (_, index) => index + 3);
    const outcomes = await Promise.all(numbers.map((fd) => run(args(fd))));
    for (const outcome of outcomes) expectClearError(outcome, /: fd \d+ is (?:not open|.*, not .*)$/);
    expect(outcomes.some(({ stderr }) => stderr.includes("vmattach's own runtime has such descriptors"))).toBe(true);
  });

  test.each(['-1', '1.5', '0x9', 'nine', '', '99999999999'])('that is no number is refused: %j', async (text) => {
    const outcome = await run(args(text));
    expectClearError(outcome);
    expect(firstError(outcome.stderr)).toContain(
      `Could not parse remote object fd ${text}:Invalid file descriptor number '${text}'`,
    );
  });
});

test('an fd without an iommufd object is refused before anybody looks what it is', async () => {
  const outcome = await run(['-machine', 'bare', '-device', 'vfio-pci,fd=900']);
  expectClearError(outcome, '-device vfio-pci,fd=900: Use FD passing only with iommufd backend');
});

test('a plan lists passed fds with what they are', async () => {
  const { stdout, status } = await run(['plan', '--format', 'json', ...object(3)], { fds: ['pipe'] });
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    fds: [{ number: 3, kind: 'socket', owner: '/objects/i0' }],
    problems: [{ code: 'FD_WRONG_KIND', subject: 'fd 3' }],
  });
});
