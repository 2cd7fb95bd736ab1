import { describe, expect, test } from 'vitest';
import { readMonitors } from '../../src/monitor/monitor-spec.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { problemOf } from '../options/problem-of.ts';
import { words } from '../plan/planning.ts';

const read = (line: string) => readMonitors(scanArgv(words(line)).options);

const listen = (at: object, wait = false) => ({ kind: 'listen', at, wait });

describe('readMonitors', () => {
  test.each([
    ['-qmp unix:/run/q,server=on,wait=off', listen({ path: '/run/q' })],
    ['-qmp unix:/run/q,server=on', listen({ path: '/run/q' }, true)],
    ['-qmp unix:/run/q,,x,server=on,wait=off', listen({ path: '/run/q,x' })],
    ['-qmp unix:/run/q', { kind: 'connect', to: { path: '/run/q' } }],
    ['-qmp stdio', { kind: 'stdio' }],
    ['-chardev socket,id=c,path=/run/q,server=on,wait=off -mon chardev=c,mode=control', listen({ path: '/run/q' })],
    ['-chardev socket,id=c,fd=23,server=on,wait=off -mon c,mode=control', listen({ fd: 23 })],
    ['-chardev socket,id=c,fd=@monitor,server=on,wait=off -mon c,mode=control', listen({ reference: '@monitor' })],
    ['-mon chardev=c,mode=control -chardev socket,id=c,fd=23', { kind: 'connect', to: { fd: 23 } }],
    ['-chardev stdio,id=c,signal=off -qmp chardev:c', { kind: 'stdio' }],
  ])('%s', (line, chardev) => {
    expect(read(line).map((monitor) => monitor.chardev)).toEqual([chardev]);
  });

  test('several, in the order given, with the labels of QEMU', () => {
    const monitors = read(
      '-qmp unix:/a,server=on -chardev socket,id=c,path=/b,server=on -qmp-pretty unix:/d,server=on -mon chardev=c,mode=control,pretty=on',
    );
    expect(monitors.map(({ label, pretty }) => [label, pretty])).toEqual([
      ['compat_monitor0', false],
      ['compat_monitor1', true],
      ['c', true],
    ]);
  });

  test('none, and no monitor for people', () => {
    expect(read('-m 64M -monitor none')).toEqual([]);
    expect(problemOf(() => read('-monitor stdio')).message).toBe('not supported by -machine bare');
  });

  test.each([
    ['-mon chardev=x,mode=control', 'chardev "x" not found'],
    ['-chardev stdio,id=c -mon chardev=c,mode=zork', "Parameter 'mode' does not accept value 'zork'"],
    ['-chardev stdio,id=c -mon c,mode=control -mon c,mode=control', "chardev 'c' is already in use"],
    ['-qmp stdio -qmp stdio', 'cannot use stdio by multiple character devices'],
    ['-qmp zork', "'zork' is not a valid char driver"],
    ['-qmp unix:/q,wait=off', "'wait' option is incompatible with socket in client connect mode"],
    ['-chardev socket,id=c,server=on -mon c,mode=control', 'Unable to parse FD number '],
    ['-chardev socket,id=c,fd=x,server=on -mon c,mode=control', 'Unable to parse FD number x'],
    ['-chardev socket,id=c,path=/q,fd=3 -mon c,mode=control', "None or one of 'path', 'fd' or 'host' option required."],
    [`-qmp unix:/${'x'.repeat(108)},server=on`, `UNIX socket path '/${'x'.repeat(108)}' is too long`],
    ['-qmp tcp:localhost:4444,server=on', "character device 'tcp:localhost:4444' is not supported by -machine bare"],
    ['-chardev socket,id=c,path=/q,server=on', 'not supported by -machine bare'],
    ['-qmp unix:/q,server=on,telnet=on', "'telnet=on' is not supported by -machine bare"],
  ])('%s: %s', (line, message) => {
    const { message: said, location } = problemOf(() => read(line));
    expect(said).toBe(message);
    expect(location).toMatch(/^-(qmp|mon|chardev|qmp-pretty) /);
  });
});
