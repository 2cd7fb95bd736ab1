/**
 * npm run bench [-- --guest] [--write-docs] [--output FILE]: measures start-up, launching QEMU, planner, grammars and the monitor, with --guest also
 * the attach and the plugging of devices on a real kernel. Prints the figures as JSON, and writes them to FILE and as a page to docs/benchmarks.md when asked to.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { document } from './document.mjs';
import { benchGrammars } from './grammars.mjs';
import { benchGuest } from './guest.mjs';
import { benchLaunch } from './launch.mjs';
import { benchMonitor } from './monitor.mjs';
import { loadSubjects } from './load-subjects.mjs';
import { benchPlanner } from './planner.mjs';
import { benchStartup } from './startup.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

const { values } = parseArgs({
  options: { guest: { type: 'boolean' }, 'write-docs': { type: 'boolean' }, output: { type: 'string' } },
});

const machine = () => {
  const cores = availableParallelism();
  return `${cpus()[0]?.model.trim() ?? process.arch}, ${cores} ${cores === 1 ? 'core' : 'cores'}, Node ${process.versions.node}`;
};

const subjects = await loadSubjects();
const results = {
  schema: 'vmattach.bench/1',
  version,
  machine: machine(),
  startup: await benchStartup(),
  launch: await benchLaunch(),
  planner: benchPlanner(subjects),
  grammars: benchGrammars(subjects),
  monitor: await benchMonitor(),
  ...(values.guest && { guest: benchGuest() }),
};

const text = `${JSON.stringify(results, undefined, 2)}\n`;
process.stdout.write(text);
if (values.output !== undefined) {
  writeFileSync(values.output, text);
}
if (values['write-docs']) {
  writeFileSync(path.join(ROOT, 'docs', 'benchmarks.md'), document(results));
}
