import { expect, test } from 'vitest';
import { parseGlobal } from '../../src/options/global-property.ts';
import { problemOf } from './problem-of.ts';

const parse = (text: string) => parseGlobal(text, () => undefined);

test.each([
  ['vfio-pci.host=01:00.0', { driver: 'vfio-pci', property: 'host', value: '01:00.0' }],
  ['a.b.c==d', { driver: 'a', property: 'b.c', value: '=d' }],
  ['a.b=', { driver: 'a', property: 'b', value: '' }],
  ['driver=a.b,property=c,value=d,,e', { driver: 'a.b', property: 'c', value: 'd,e' }],
])('%s', (text, global) => {
  expect(parse(text)).toEqual(global);
});

test.each([
  ['foo', "Invalid parameter 'foo'"],
  ['a.b', "Invalid parameter 'a.b'"],
  ['vfio-pci=1', "Invalid parameter 'vfio-pci'"],
  ['driver=a', "options 'driver', 'property', and 'value' are required"],
])('%s is refused', (text, message) => {
  expect(problemOf(() => parse(text)).message).toBe(message);
});
