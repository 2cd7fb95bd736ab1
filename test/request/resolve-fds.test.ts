import { describe, expect, test } from 'vitest';
import { failure } from '../../src/errors/problem.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';
import { namedFdNumbers, resolveFds } from '../../src/request/resolve-fds.ts';
import { requestOf } from '../plan/planning.ts';

const LINE =
  '-object iommufd,id=i,fd=unix:/run/iommufd.sock -object iommufd,id=j -device vfio-pci,id=a,fd=@hostdev0,iommufd=i -device vfio-pci,id=b,fd=7,iommufd=j';

describe('resolveFds', () => {
  test('puts numbers where references were, and keeps the links', async () => {
    const asked: string[] = [];
    const { request, fds } = await resolveFds(requestOf(LINE), (reference) => {
      asked.push(reference);
      return Promise.resolve(OwnedFd.borrow(20 + asked.length));
    });
    expect(asked).toEqual(['unix:/run/iommufd.sock', '@hostdev0']);
    expect(request.objects.map(({ values }) => values.get('fd'))).toEqual(['21', undefined]);
    expect(request.devices.map(({ spec }) => spec.values.get('fd'))).toEqual(['22', '7']);
    expect(request.devices.map(({ object }) => object)).toEqual(request.objects);
    expect([...fds].map(([path, fd]) => [path, fd.number])).toEqual([
      ['/objects/i', 21],
      ['/machine/peripheral/a', 22],
    ]);
  });

  test('closes what it opened when a later one fails, and says where', async () => {
    const open = new Set<number>();
    const failing = resolveFds(requestOf(LINE), (reference) => {
      if (reference.startsWith('@')) throw failure('FD_NOT_OPEN', 'nothing there');
      open.add(30);
      return Promise.resolve(OwnedFd.own({ close: (fd) => open.delete(fd) }, 30));
    });
    await expect(failing).rejects.toMatchObject({
      problem: { message: 'nothing there', location: '-device vfio-pci,id=a,fd=@hostdev0,iommufd=i' },
    });
    expect([...open]).toEqual([]);
  });

  test('a request without references stays as it is', async () => {
    const request = requestOf('-object iommufd,id=i,fd=9 -device vfio-pci,host=01:00.0');
    const resolved = await resolveFds(request, () => Promise.reject(new Error('nothing is to be opened')));
    expect(resolved.request).toEqual(request);
    expect(resolved.fds.size).toBe(0);
  });
});

test('namedFdNumbers knows the numbers that must stay free', () => {
  const numbers = namedFdNumbers(requestOf('-object iommufd,id=i,fd=+9 -device vfio-pci,fd=12,iommufd=i'));
  expect(numbers.has(9) && numbers.has(12)).toBe(true);
  expect(numbers.has(10)).toBe(false);
});
