import { describe, expect, it } from 'vitest';
import { listenFdNamed, listenFds } from '../../src/host/listen-fds.ts';

const PID = 4711;
const environment = (count: string, names?: string, pid = String(PID)): NodeJS.ProcessEnv => ({
  LISTEN_PID: pid,
  LISTEN_FDS: count,
  ...(names !== undefined && { LISTEN_FDNAMES: names }),
});

describe('listenFds', () => {
  it('counts from 3 and takes the names in order', () => {
    expect(listenFds(environment('2', 'iommufd:hostdev0'), PID)).toEqual([
      { number: 3, name: 'iommufd' },
      { number: 4, name: 'hostdev0' },
    ]);
  });

  it('calls an fd without a name as systemd does', () => {
    expect(listenFds(environment('2', 'one'), PID)).toEqual([
      { number: 3, name: 'one' },
      { number: 4, name: 'unknown' },
    ]);
    expect(listenFds(environment('1'), PID)).toEqual([{ number: 3, name: 'unknown' }]);
  });

  it.each([
    ['another process is meant', environment('1', 'a', '1')],
    ['nobody is meant', { LISTEN_FDS: '1' }],
    ['the count is no number', environment('many', 'a')],
    ['the count is negative', environment('-1', 'a')],
    ['there is nothing', {}],
  ])('%s: none', (_name, variables) => {
    expect(listenFds(variables, PID)).toEqual([]);
  });
});

describe('listenFdNamed', () => {
  const fds = listenFds(environment('3', 'iommufd:twice:twice'), PID);

  it('finds the number', () => {
    expect(listenFdNamed('iommufd', fds)).toBe(3);
  });

  it('refuses a name that nobody has, with those there are', () => {
    expect(() => listenFdNamed('hostdev0', fds)).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ code: 'FD_NOT_OPEN', cause: 'LISTEN_FDNAMES has iommufd, twice, twice' }),
      }),
    );
  });

  it('does not choose between two of one name', () => {
    expect(() => listenFdNamed('twice', fds)).toThrow("several file descriptors are named 'twice'");
  });
});
