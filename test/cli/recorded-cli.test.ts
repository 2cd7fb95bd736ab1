import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEVIATIONS } from './recorded-deviations.ts';
import { firstError, ROOT, run } from './run.ts';

const FILE = path.join(ROOT, '../shared/peers/qemu-cli-cases.jsonl');
const missing = existsSync(FILE) ? undefined : 'no file ../shared/peers/qemu-cli-cases.jsonl beside the project';

/** What QEMU did with a command line. */
interface Recording {
  readonly args: readonly string[];
  readonly common_args_appended: readonly string[];
  readonly expect: { readonly exit: number; readonly stderr: string };
}

const NO_ENGINE = /^no VMM engine for machine type /;

const lines = missing === undefined ? readFileSync(FILE, 'utf8').trim().split('\n') : [];
const recordings = lines.map((line): [string, Recording] => {
  const recording: Recording = JSON.parse(line);
  return [recording.args.join(' '), recording];
});
const known = new Set(recordings.map(([title]) => title));

const qemuError = ({ expect: { stderr } }: Recording): string | undefined => firstError(stderr, 'qemu-system-x86_64');

if (missing !== undefined) test.skip(`recorded cases are not here: ${missing}`, () => {});

describe.runIf(missing === undefined)('vmattach and QEMU on the same command line', () => {
  test.each(recordings)('%s: same first error line, same exit status', async (title, recording) => {
    const { status, stderr } = await run([...recording.args, ...recording.common_args_appended]);
    const said = firstError(stderr);
    const deviation = DEVIATIONS.get(title);
    if (deviation !== undefined) {
      expect({ said, status }).toEqual({ said: deviation, status: 1 });
      expect(said).not.toBe(qemuError(recording));
    } else if (recording.expect.exit === 0 && said !== undefined && NO_ENGINE.test(said)) {
      // QEMU starts a machine here; without an engine, that is the one thing vmattach can hold against it.
      expect(status).toBe(1);
    } else {
      expect({ said, status }).toEqual({ said: qemuError(recording), status: recording.expect.exit });
    }
  });

  test('the list of deviations names recorded command lines only', () => {
    expect([...DEVIATIONS.keys()].filter((args) => !known.has(args))).toEqual([]);
  });

  test('hardly anything is a deviation', () => {
    expect(recordings.length).toBeGreaterThan(80);
    expect(DEVIATIONS.size / recordings.length).toBeLessThan(0.3);
  });
});
