import { buildSync } from 'esbuild';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { HOST_MODEL_SCHEMA } from '../../src/host/model-schema.ts';
import type { FdFacts, HostModel } from '../../src/host/model.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

describe('generated validators', () => {
  it('are what the schemas give', () => {
    const { status, stderr } = spawnSync('node_modules/.bin/tsx', ['scripts/generate-validators.ts', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('bundle to CommonJS without a schema compiler, and run', () => {
    const { metafile, outputFiles } = buildSync({
      stdin: {
        contents: `import { parseHostModel } from './src/host/load-model.ts';
          try { parseHostModel('{"schema":"vmattach.host/1"}', 'x'); } catch (error) { console.log(error.message); }`,
        resolveDir: ROOT,
      },
      bundle: true,
      format: 'cjs',
      metafile: true,
      platform: 'node',
      write: false,
    });
    expect(Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'))).toEqual([]);
    const { stdout } = spawnSync(process.execPath, ['-'], { input: outputFiles[0]?.text ?? '', encoding: 'utf8' });
    expect(stdout).toBe('host model x: the model: expected a key "kernel", found none\n');
  });

  it('check the type they stand for', () => {
    type Checked = FromSchema<typeof HOST_MODEL_SCHEMA>;
    expectTypeOf<keyof Checked>().toEqualTypeOf<keyof HostModel>();
    expectTypeOf<Checked['kernel']>().toExtend<HostModel['kernel']>();
    expectTypeOf<Checked['devices'][number]>().toExtend<HostModel['devices'][number]>();
    expectTypeOf<Checked['groups'][number]>().toExtend<HostModel['groups'][number]>();
    expectTypeOf<NonNullable<Checked['fds']>[string]['kind']>().toEqualTypeOf<FdFacts['kind']>();
  });
});
