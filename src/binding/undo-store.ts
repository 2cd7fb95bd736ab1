import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { failure } from '../errors/problem.ts';
import { formatUndoFile, parseUndoFile } from './undo-file.ts';
import type { UndoRecord, UndoRecords } from './undo-record.ts';

/** Where the former states of bound devices are kept until they are given back. */
export interface UndoStore {
  /** @throws FILE */
  readonly find: (addresses: readonly string[]) => UndoRecords;
  /** Adds records, each in the place of an older one of its device. @throws FILE */
  readonly save: (records: readonly UndoRecord[]) => void;
  /** @throws FILE */
  readonly drop: (addresses: readonly string[]) => void;
}

const unusable = (file: string, verb: string, error: unknown) =>
  failure('FILE', `cannot ${verb} undo file '${file}'`, {
    subject: file,
    cause: error instanceof Error ? error.message : String(error),
    fixes: ['--undo-file with a file in a folder that you may write to'],
  });

const attempt = <T>(file: string, verb: string, body: () => T): T => {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw unusable(file, verb, error);
  }
};

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(file, 'read', error);
  }
};

const read = (file: string, boot: string): readonly UndoRecord[] => {
  const text = readText(file);
  return text === undefined ? [] : parseUndoFile(text, file, boot);
};

/** A reader sees the old content or the whole new one. */
const write = (file: string, records: readonly UndoRecord[], boot: string): void =>
  attempt(file, 'write', () => {
    if (records.length === 0) {
      rmSync(file, { force: true });
      return;
    }
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, formatUndoFile(records, boot), { mode: 0o600, flush: true });
    renameSync(draft, file);
  });

const createStore = (fileOf: (address: string) => string, boot: string): UndoStore => {
  const change = (addresses: readonly string[], added: readonly UndoRecord[]): void => {
    for (const file of new Set(addresses.map(fileOf))) {
      const kept = read(file, boot).filter(({ address }) => !addresses.includes(address));
      write(file, [...kept, ...added.filter(({ address }) => fileOf(address) === file)], boot);
    }
  };
  return {
    find: (addresses) => {
      const files = new Set(addresses.map(fileOf));
      const records = [...files].flatMap((file) => read(file, boot));
      return new Map(records.filter(({ address }) => addresses.includes(address)).map((record) => [record.address, record]));
    },
    save: (records) =>
      change(
        records.map(({ address }) => address),
        records,
      ),
    drop: (addresses) => change(addresses, []),
  };
};

/**
 * One file for each device: `ADDRESS.json`.
 * @param boot identifies this boot; what an earlier one has saved does not count, since drivers are bound anew at each boot
 */
export const undoFolder = (folder: string, boot: string): UndoStore =>
  createStore((address) => path.join(folder, `${address}.json`), boot);

/** One file for all devices. @param boot see {@link undoFolder} */
export const undoFile = (file: string, boot: string): UndoStore => createStore(() => file, boot);

/**
 * The folder of this user: root's is empty after a boot, as the drivers are (file-hierarchy(7)); others have the XDG state folder.
 */
export const defaultUndoFolder = (uid: number, home: string, stateHome: string | undefined): string =>
  uid === 0 ? '/run/vmattach/bind' : path.join(stateHome || path.join(home, '.local', 'state'), 'vmattach', 'bind');
