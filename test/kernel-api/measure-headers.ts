import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Measured {
  /** What the headers say, by C expression. */
  readonly values: ReadonlyMap<string, bigint>;
  /** The expressions these headers do not know. */
  readonly unknown: ReadonlySet<string>;
}

const PREFIX = ['#include <stdio.h>', '#include <stddef.h>', '#include <linux/version.h>'];

/** One expression to a line, so that a complaint of the compiler is about one of them. */
const program = (headers: readonly string[], expressions: readonly string[]): string =>
  [
    ...PREFIX,
    ...headers.map((header) => `#include <${header}>`),
    'int main(void) {',
    ...expressions.map((expression) => `printf("%llu\\n", (unsigned long long)(${expression}));`),
    'return 0; }',
    '',
  ].join('\n');

const compile = (source: string, output: string, include: readonly string[]): string => {
  const { status, stderr, error } = spawnSync('gcc', ['-w', '-fmax-errors=0', ...include, '-o', output, source], {
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return status === 0 ? '' : stderr;
};

/** The expressions that stand on lines with an error. */
const refused = (complaints: string, source: string, headers: readonly string[], expressions: readonly string[]): Set<string> => {
  const first = PREFIX.length + headers.length + 2;
  const lines = complaints.split('\n').flatMap((line) => {
    const found = line.startsWith(`${source}:`) && /^:(\d+):\d+: error:/.exec(line.slice(source.length));
    return found ? [Number(found[1]) - first] : [];
  });
  return new Set(lines.flatMap((line) => expressions[line] ?? []));
};

/**
 * Asks the C compiler what expressions come to with the kernel's headers. Those it cannot compile are told apart from the rest.
 * @param directory where `linux/` with the headers is, before the compiler's own; `undefined` for the installed ones
 */
export const measureHeaders = (
  headers: readonly string[],
  expressions: readonly string[],
  directory: string | undefined,
): Measured => {
  const folder = mkdtempSync(join(tmpdir(), 'vmattach-headers-'));
  try {
    const [source, binary] = [join(folder, 'measure.c'), join(folder, 'measure')];
    const include = directory === undefined ? [] : ['-isystem', directory];
    writeFileSync(source, program(headers, expressions));
    const unknown = refused(compile(source, binary, include), source, headers, expressions);
    const known = expressions.filter((expression) => !unknown.has(expression));
    writeFileSync(source, program(headers, known));
    const complaints = compile(source, binary, include);
    if (complaints !== '') throw new Error(complaints);
    const output = execFileSync(binary, { encoding: 'utf8' }).trimEnd().split('\n');
    return { values: new Map(known.map((expression, index) => [expression, BigInt(output[index] ?? '')])), unknown };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
