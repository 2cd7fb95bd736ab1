import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UndoRecord } from '../../src/binding/undo-record.ts';
import { defaultUndoFolder, undoFile, undoFolder } from '../../src/binding/undo-store.ts';
import { VmattachError } from '../../src/errors/problem.ts';

const temporary = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'undo-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

const FIRST: UndoRecord = { address: '0000:01:00.0', driver: 'nvme', driverOverride: null, boundTo: 'vfio-pci' };
const SECOND: UndoRecord = { address: '0000:01:00.1', driver: null, driverOverride: 'pci-stub', boundTo: 'vfio-pci' };
const BOTH = [FIRST.address, SECOND.address];

describe.each([
  { name: 'undoFolder', open: (base: string, boot: string) => undoFolder(path.join(base, 'a', 'bind'), boot) },
  { name: 'undoFile', open: (base: string, boot: string) => undoFile(path.join(base, 'a', 'undo.json'), boot) },
])('$name', ({ open }) => {
  it('finds what was saved, device by device, until it is dropped', () => {
    const base = temporary();
    const store = open(base, 'boot-1');
    expect(store.find(BOTH).size).toBe(0);
    store.save([FIRST, SECOND]);
    expect([...open(base, 'boot-1').find(BOTH).values()]).toEqual([FIRST, SECOND]);
    store.drop([FIRST.address]);
    expect([...store.find(BOTH).values()]).toEqual([SECOND]);
    store.drop(BOTH);
    expect(store.find(BOTH).size).toBe(0);
    expect(readdirSync(base, { recursive: true }).filter((name) => String(name).endsWith('.json'))).toEqual([]);
  });

  it('a later record takes the place of an earlier one of the same device', () => {
    const store = open(temporary(), 'boot-1');
    store.save([FIRST, SECOND]);
    store.save([{ ...FIRST, boundTo: 'pci-stub' }]);
    expect(store.find(BOTH).get(FIRST.address)?.boundTo).toBe('pci-stub');
    expect(store.find(BOTH).get(SECOND.address)).toEqual(SECOND);
  });

  it('what another boot has saved does not count', () => {
    const base = temporary();
    open(base, 'boot-1').save([FIRST]);
    expect(open(base, 'boot-2').find(BOTH).size).toBe(0);
  });
});

describe('undo files', () => {
  it('are whole, for the owner only, and leave no draft', () => {
    const base = temporary();
    undoFolder(base, 'boot-1').save([FIRST]);
    expect(readdirSync(base)).toEqual(['0000:01:00.0.json']);
    const file = path.join(base, '0000:01:00.0.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ schema: 'vmattach.bind-undo/1', boot: 'boot-1', devices: [FIRST] });
  });

  const content = (device: object): string => JSON.stringify({ schema: 'vmattach.bind-undo/1', boot: 'b', devices: [device] });

  it.each([
    ['nothing', ''],
    ['half a file', '{"schema":"vmattach.bind-undo/1","boot'],
    ['another schema', '{"schema":"vmattach.host/1","boot":"b","devices":[]}'],
    ['a driver that is a path', content({ ...FIRST, driver: '../../../etc' })],
    ['an override with a line feed', content({ ...FIRST, driverOverride: 'a\nb' })],
    ['an address that is none', content({ ...FIRST, address: '..' })],
    ['a record without what it was bound to', content({ ...FIRST, boundTo: undefined })],
  ])('with %s in it are refused and kept', (_, text) => {
    const file = path.join(temporary(), 'undo.json');
    writeFileSync(file, text);
    for (const act of [() => undoFile(file, 'b').find(BOTH), () => undoFile(file, 'b').save([SECOND])]) {
      expect(act).toThrow(`'${file}' is not an undo file`);
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('that cannot be written are an error before anything is bound', () => {
    const base = temporary();
    writeFileSync(path.join(base, 'file'), '');
    const act = () => undoFile(path.join(base, 'file', 'undo.json'), 'b').save([FIRST]);
    expect(act).toThrow(VmattachError);
    expect(existsSync(path.join(base, 'file', 'undo.json'))).toBe(false);
  });
});

describe('defaultUndoFolder', () => {
  it.each([
    { uid: 0, stateHome: '/state', folder: '/run/vmattach/bind' },
    { uid: 1000, stateHome: '/state', folder: '/state/vmattach/bind' },
    { uid: 1000, stateHome: '', folder: '/home/u/.local/state/vmattach/bind' },
    { uid: 1000, stateHome: undefined, folder: '/home/u/.local/state/vmattach/bind' },
  ])('of uid $uid with XDG_STATE_HOME $stateHome is $folder', ({ uid, stateHome, folder }) => {
    expect(defaultUndoFolder(uid, '/home/u', stateHome)).toBe(folder);
  });
});
