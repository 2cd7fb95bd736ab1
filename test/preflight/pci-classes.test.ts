import { describe, expect, test } from 'vitest';
import { CLASS_WORDS, classPrefixes, classWord, isAnyBridge } from '../../src/preflight/pci-classes.ts';

describe('classWord', () => {
  test.each([
    ['030000', 'display'],
    ['030200', 'display'],
    ['010802', 'nvme'],
    ['010601', 'storage'],
    ['0c0330', 'usb'],
    ['0c0500', 'serial-bus'],
    ['040300', 'audio'],
    ['040000', 'multimedia'],
    ['020000', 'network'],
    ['060400', 'bridge'],
    ['00ff00', 'other'],
  ])('class %s is %s', (code, word) => expect(classWord(code)).toBe(word));
});

describe('classPrefixes', () => {
  test('every class word stands for something', () => {
    expect(CLASS_WORDS.filter((word) => classPrefixes(word) === undefined)).toEqual([]);
  });

  test('storage takes in NVMe, and audio both of its classes', () => {
    expect(classPrefixes('storage')).toEqual(['01']);
    expect(classPrefixes('audio')).toEqual(['0401', '0403']);
  });

  test.each(['vfio-pci', 'toString', '__proto__', '', '01:00.0'])('%j is no class word', (word) => {
    expect(classPrefixes(word)).toBeUndefined();
  });
});

test.each([
  ['060000', true],
  ['060100', true],
  ['060400', true],
  ['030000', false],
])('isAnyBridge: class %s: %s', (code, expected) => expect(isAnyBridge(code)).toBe(expected));
