import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { canUserOpen, formatAcl, grantUsers, modeAcl, parseAcl, type AclEntry } from '../../src/kernel/posix-acl.ts';

const user = (uid: number, gid = uid, groups: readonly number[] = []) => ({ uid, gid, groups });

const NODE = { uid: 0, gid: 100, mode: 0o640, acl: undefined };

describe('an access control list as an attribute', () => {
  test('has the bytes that setfacl -m u:1000:rw makes of mode 0640', () => {
    // As getxattr(2) returned them for a file of that mode after that command.
    const bytes = '0200000001000600ffffffff02000600e803000004000400ffffffff10000600ffffffff20000000ffffffff';
    const entries = grantUsers(NODE, [1000]);
    expect(Buffer.from(formatAcl(entries)).toString('hex')).toBe(bytes);
    expect(formatAcl(parseAcl(Buffer.from(bytes, 'hex')) ?? [])).toEqual(formatAcl(entries));
  });

  test('of another version or with unknown entries is not read', () => {
    expect(parseAcl(Buffer.from('01000000', 'hex'))).toBeUndefined();
    expect(parseAcl(Buffer.from('0200000003000600ffffffff', 'hex'))).toBeUndefined();
    expect(parseAcl(new Uint8Array(0))).toBeUndefined();
  });
});

describe('a grant', () => {
  test('lets the user in and nobody else', () => {
    fc.assert(
      fc.property(fc.nat(0o777), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (mode, granted, other) => {
        const before = { ...NODE, gid: 5, mode };
        const after = { ...before, acl: grantUsers(before, [granted]) };
        expect(canUserOpen(after, user(granted))).toBe(true);
        if (other !== granted) expect(canUserOpen(after, user(other))).toBe(canUserOpen(before, user(other)));
      }),
    );
  });

  test('on top of a list with a narrow mask gives its entries no more than they had', () => {
    const acl: readonly AclEntry[] = [
      ...modeAcl(0o600),
      { tag: 'group', permissions: 0o6, id: 7 },
      { tag: 'mask', permissions: 0o4 },
    ];
    const before = { ...NODE, acl };
    expect(canUserOpen(before, user(20, 7))).toBe(false);
    const after = { ...NODE, acl: grantUsers(before, [10]) };
    expect(canUserOpen(after, user(10))).toBe(true);
    expect(canUserOpen(after, user(20, 7))).toBe(false);
  });
});

describe('who may open a file is decided', () => {
  test.each([
    ['by the owner alone, if it is he', 0o060, user(0, 100), false],
    ['by the group', 0o060, user(9, 100), true],
    ['by a supplementary group', 0o060, user(9, 9, [8, 100]), true],
    ['against a member of the group, whatever others may', 0o606, user(9, 100), false],
    ['by what others may', 0o606, user(9), true],
    ['against who may only read', 0o644, user(9), false],
  ])('%s', (_, mode, who, expected) => {
    expect(canUserOpen({ ...NODE, mode }, who)).toBe(expected);
  });
});
