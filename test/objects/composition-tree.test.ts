import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CompositionTree } from '../../src/objects/composition-tree.ts';
import { problemOf } from '../options/problem-of.ts';

const IOMMUFD = ['iommufd', 'iommu'];

const treeWith = (...ids: readonly string[]): CompositionTree => {
  const tree = new CompositionTree();
  for (const id of ids) tree.addObject(id, 'iommufd');
  return tree;
};

describe('CompositionTree', () => {
  test('has the containers of a QEMU machine before anything is added', () => {
    const tree = new CompositionTree();
    expect(tree.children('/').map(({ path }) => path)).toEqual(['/backend', '/chardevs', '/machine', '/objects']);
    expect(tree.children('/machine').map(({ name }) => name)).toEqual(['peripheral', 'peripheral-anon', 'unattached']);
    expect(tree.get('/objects')?.type).toBe('container');
  });

  test('keeps objects and devices under their paths, in creation order', () => {
    const tree = treeWith('z', 'a');
    tree.addDevice('hostdev1', 'vfio-pci');
    tree.addDevice('hostdev0', 'vfio-pci');
    expect(tree.children('/objects').map(({ path }) => path)).toEqual(['/objects/z', '/objects/a']);
    expect(tree.children('/machine/peripheral').map(({ path }) => path)).toEqual([
      '/machine/peripheral/hostdev1',
      '/machine/peripheral/hostdev0',
    ]);
  });

  test('lists direct children only', () => {
    const tree = treeWith('a');
    expect(tree.children('/').map(({ path }) => path)).not.toContain('/objects/a');
    expect(tree.children('/objects/a')).toEqual([]);
  });

  test('lets an object and a device have one id, for they are in different containers', () => {
    const tree = treeWith('x');
    expect(tree.addDevice('x', 'vfio-pci').path).toBe('/machine/peripheral/x');
  });

  test('never gives the number of an anonymous device again', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (removals) => {
        const tree = new CompositionTree();
        const paths = removals.map((isRemoved) => {
          const { path } = tree.addDevice(undefined, 'vfio-pci');
          if (isRemoved) tree.removeDevice(path);
          return path;
        });
        expect(paths).toEqual(removals.map((_, index) => `/machine/peripheral-anon/device[${index}]`));
        expect(tree.children('/machine/peripheral-anon')).toHaveLength(removals.filter((isRemoved) => !isRemoved).length);
      }),
    );
  });

  test.each([
    ['an object id', 'a', "attempt to add duplicate property 'a' to object (type 'container')", "an object with id 'a' exists"],
    [
      "the container's own property",
      'type',
      "attempt to add duplicate property 'type' to object (type 'container')",
      "the name 'type' belongs to the container itself",
    ],
  ])('addObject refuses %s', (_what, id, message, cause) => {
    const tree = treeWith('a');
    expect(problemOf(() => tree.addObject(id, 'iommufd'))).toMatchObject({ code: 'ID_DUPLICATE', message, cause });
    expect(tree.children('/objects')).toHaveLength(1);
  });

  test.each(['hostdev0', 'type'])('addDevice refuses the taken id %s', (id) => {
    const tree = new CompositionTree();
    tree.addDevice('hostdev0', 'vfio-pci');
    expect(problemOf(() => tree.addDevice(id, 'vfio-pci'))).toMatchObject({
      code: 'ID_DUPLICATE',
      message: `Duplicate device ID '${id}'`,
    });
  });

  test('gives the id of a removed device or object again', () => {
    const tree = treeWith('a');
    tree.removeDevice(tree.addDevice('d', 'vfio-pci').path);
    tree.removeObject('a');
    expect(tree.addDevice('d', 'vfio-pci').path).toBe('/machine/peripheral/d');
    expect(tree.addObject('a', 'iommufd').users).toBe(0);
  });
});

describe('removeObject', () => {
  test.each([
    [1, '1 attached device uses it'],
    [2, '2 attached devices use it'],
  ])('refuses an object with %d users', (users, cause) => {
    const tree = new CompositionTree();
    const node = tree.addObject('iommufd0', 'iommufd');
    node.users = users;
    expect(problemOf(() => tree.removeObject('iommufd0'))).toMatchObject({
      code: 'CONFLICT',
      message: "object 'iommufd0' is in use, can not be deleted",
      cause,
    });
    node.users = 0;
    tree.removeObject('iommufd0');
    expect(tree.get('/objects/iommufd0')).toBeUndefined();
    expect(problemOf(() => tree.resolveLink('iommufd', 'iommufd0', IOMMUFD)).code).toBe('LINK_NOT_FOUND');
  });

  test('refuses an object that is not there', () => {
    expect(problemOf(() => new CompositionTree().removeObject('x'))).toMatchObject({
      code: 'LINK_NOT_FOUND',
      message: "object 'x' not found",
    });
  });
});

describe('resolveLink', () => {
  test.each([
    ['an id', 'iommufd0', '/objects/iommufd0'],
    ['an absolute path', '/objects/iommufd0', '/objects/iommufd0'],
    ['an absolute path with empty parts', '//objects//iommufd0/', '/objects/iommufd0'],
    ['a partial path', 'objects/iommufd0', '/objects/iommufd0'],
    ['an id that a device has as well, by type', 'both', '/objects/both'],
    ['an id equal to the name of the property', 'iommufd', '/objects/iommufd'],
  ])('finds %s', (_what, value, path) => {
    const tree = treeWith('iommufd0', 'both', 'iommufd');
    tree.addDevice('both', 'vfio-pci');
    tree.addDevice('first', 'vfio-pci');
    expect(tree.resolveLink('iommufd', value, IOMMUFD).path).toBe(path);
  });

  test('takes the second accepted type as well', () => {
    const tree = new CompositionTree();
    tree.addObject('i', 'iommu');
    expect(tree.resolveLink('iommufd', 'i', IOMMUFD).path).toBe('/objects/i');
  });

  test('refuses a partial path with two objects of the type behind it', () => {
    const tree = treeWith('x');
    tree.addDevice('x', 'iommufd');
    expect(problemOf(() => tree.resolveLink('iommufd', 'x', IOMMUFD))).toMatchObject({
      code: 'CONFLICT',
      message: "Path 'x' does not uniquely identify an object",
      cause: 'it matches /objects/x and /machine/peripheral/x',
      fixes: ['give the absolute path, e.g. iommufd=/objects/x'],
    });
    expect(tree.resolveLink('iommufd', '/machine/peripheral/x', IOMMUFD).path).toBe('/machine/peripheral/x');
  });

  test.each(['ram', '/objects/ram'])('refuses an object of another type: %s', (value) => {
    const tree = new CompositionTree();
    tree.addObject('ram', 'memory-backend-ram');
    expect(problemOf(() => tree.resolveLink('iommufd', value, IOMMUFD))).toMatchObject({
      code: 'LINK_WRONG_TYPE',
      message: "Invalid parameter type for 'iommufd', expected: iommufd",
      cause: '/objects/ram is a memory-backend-ram',
    });
  });

  test.each([
    ['another id', 'x'],
    ['a path that is not there', '/objects/x'],
    ['a part of a name', 'ommufd0'],
    ['a container as its parent', 'machine/iommufd0'],
  ])('refuses %s', (_what, value) => {
    expect(problemOf(() => treeWith('iommufd0').resolveLink('iommufd', value, IOMMUFD))).toMatchObject({
      code: 'LINK_NOT_FOUND',
      message: `Device '${value}' not found`,
      fixes: ['use iommufd=iommufd0'],
    });
  });

  test('the root is an object of another type', () => {
    expect(problemOf(() => treeWith('iommufd0').resolveLink('iommufd', '/', IOMMUFD))).toMatchObject({ code: 'LINK_WRONG_TYPE' });
  });

  test('says which option is missing when there is no object at all', () => {
    expect(problemOf(() => new CompositionTree().resolveLink('iommufd', 'iommufd0', IOMMUFD)).fixes).toEqual([
      'add -object iommufd,id=iommufd0',
    ]);
  });
});
