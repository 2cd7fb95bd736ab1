'use strict';
/**
 * Runs the program once and stores V8's code for all functions that ran. Usage: store-code-cache.cjs FOLDER PROFILE
 * Reading a cache costs as much as it is large, so that each kind of launch has its own.
 */
const { rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { cacheFile, load } = require('../bin/vmattach');

const [folder, profile] = process.argv.slice(2);
const DEVICES = [
  '-object',
  'iommufd,id=i',
  '-device',
  'vfio-pci,host=01:00.0,iommufd=i',
  '-device',
  '{"driver":"vfio-pci","host":"06:00.0"}',
];
const BARE = ['--host-model', 'examples/hosts/workstation.json', '-machine', 'bare', '-m', '1G', ...DEVICES];
const NO_ENGINE = ['--qemu', '/nonexistent/qemu', '-machine', 'q35', '-m', '1G', '-smp', '2', '-nodefaults', '-S'];

/** Command lines and what they end with. */
const RUNS = {
  plan: [[['plan', ...BARE], 0]],
  bare: [[['--check', ...BARE], 0]],
  engine: [
    [NO_ENGINE, 1],
    [[...NO_ENGINE, ...DEVICES], 1],
  ],
};

const runMain = async (program) => {
  for (const [args, expected] of RUNS[profile]) {
    const status = await program.main(args);
    if (status !== expected) throw new Error(`vmattach ${args.join(' ')} ended with status ${status}`);
  }
};

const run = async () => {
  const file = path.resolve(folder, 'main.cjs');
  const cache = cacheFile(file, profile);
  rmSync(cache, { force: true });
  const { exports: program, script } = load(file, profile);
  await runMain(program);
  writeFileSync(cache, script.createCachedData());
  process.exit(0);
};

void run();
