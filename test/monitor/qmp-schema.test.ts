import { describe, expect, test } from 'vitest';
import { TestSession } from './session.ts';

interface Entry {
  readonly name: string;
  readonly 'meta-type': string;
  readonly 'arg-type'?: string;
  readonly 'ret-type'?: string;
  readonly 'element-type'?: string;
  readonly members?: readonly { readonly name: string; readonly type?: string }[];
}

describe('query-qmp-schema', () => {
  test('describes every command with types that it describes too', async () => {
    const session = new TestSession();
    await session.ask('{"execute":"qmp_capabilities"}');
    const [schema, commands] = await session.ask('{"execute":"query-qmp-schema"}{"execute":"query-commands"}');
    const entries = schema?.return as readonly Entry[];
    const names = new Set(entries.map(({ name }) => name));
    expect(names.size).toBe(entries.length);
    const used = entries.flatMap((entry) => [
      ...[entry['arg-type'], entry['ret-type'], entry['element-type']].filter((type) => type !== undefined),
      ...(entry['meta-type'] === 'object' ? (entry.members ?? []).flatMap(({ type }) => (type === undefined ? [] : [type])) : []),
    ]);
    expect(used.filter((type) => !names.has(type))).toEqual([]);
    const described = entries.filter((entry) => entry['meta-type'] === 'command').map(({ name }) => name);
    const listed = (commands?.return ?? []) as readonly Entry[];
    expect(described.toSorted()).toEqual(listed.map(({ name }) => name).toSorted());
  });
});
