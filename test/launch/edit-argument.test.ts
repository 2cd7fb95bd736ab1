import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editArgument } from '../../src/launch/edit-argument.ts';

const edit = (text: string, edits: Readonly<Record<string, string | undefined>>): string =>
  editArgument(text, 'driver', new Map(Object.entries(edits)));

describe('key=value', () => {
  test.each([
    { text: 'vfio-pci,host=1:0.0', edits: { iommufd: 'i0' }, becomes: 'vfio-pci,host=1:0.0,iommufd=i0' },
    { text: 'vfio-iommu-pci,host=1:0.0', edits: { driver: 'vfio-pci' }, becomes: 'vfio-pci,host=1:0.0' },
    { text: 'driver=vfio-iommu-pci,id=a', edits: { driver: 'vfio-pci' }, becomes: 'driver=vfio-pci,id=a' },
    { text: 'id=a,driver=vfio-iommu-pci', edits: { driver: 'vfio-pci' }, becomes: 'id=a,driver=vfio-pci' },
    { text: 'vfio-pci,iommu=i0,fd=9', edits: { iommu: undefined, iommufd: 'i0' }, becomes: 'vfio-pci,fd=9,iommufd=i0' },
    { text: 'vfio-pci,fd=@a,fd=@b', edits: { fd: '9' }, becomes: 'vfio-pci,fd=9' },
    { text: 'vfio-pci,romfile=a,,b,fd=@x', edits: { fd: '9' }, becomes: 'vfio-pci,romfile=a,,b,fd=9' },
    { text: 'vfio-pci,romfile=fd=@x', edits: { fd: '9' }, becomes: 'vfio-pci,romfile=fd=@x,fd=9' },
    { text: 'vfio-pci,multifunction', edits: { iommufd: 'a,b' }, becomes: 'vfio-pci,multifunction,iommufd=a,,b' },
  ])('$text with $edits', ({ text, edits, becomes }) => {
    expect(edit(text, edits)).toBe(becomes);
  });
});

describe('JSON', () => {
  test.each([
    { text: '{"driver":"vfio-pci","id":"a"}', edits: { fd: '9' }, becomes: '{"driver":"vfio-pci","id":"a","fd":"9"}' },
    {
      text: '{ "driver" : "vfio-iommu-pci", "iommu":"i0" , "host":"1:0.0" }',
      edits: { driver: 'vfio-pci', iommu: undefined, iommufd: 'i0' },
      becomes: '{"driver":"vfio-pci","host":"1:0.0","iommufd":"i0"}',
    },
    {
      text: '{"driver":"vfio-pci","a":[1,true,null,{"b":18446744073709551615}]}',
      edits: { fd: 'ü"' },
      becomes: '{"driver":"vfio-pci","a":[1,true,null,{"b":18446744073709551615}],"fd":"ü\\""}',
    },
  ])('$text with $edits', ({ text, edits, becomes }) => {
    expect(edit(text, edits)).toBe(becomes);
  });
});

test('without an edit every text stays as it is', () => {
  fc.assert(fc.property(fc.string(), (text) => edit(text, {}) === text));
});
