'use strict';
/** Does the main job once on the simulated host and stores V8's code for all functions that ran. Usage: store-code-cache.cjs FILE */
const { rmSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { load } = require('../bin/load.cjs');

const [file] = process.argv.slice(2);
const MACHINE = ['--host-model', 'examples/hosts/workstation.json', '-machine', 'bare', '-m', '1G'];
const DEVICES = [
  '-object',
  'iommufd,id=i',
  '-device',
  'vfio-pci,host=01:00.0,iommufd=i',
  '-device',
  '{"driver":"vfio-pci","host":"06:00.0"}',
];

const run = async () => {
  rmSync(`${file}.cache`, { force: true });
  const { exports: program, script } = load(path.resolve(file));
  process.stdout.write = () => true;
  process.stderr.write = () => true;
  for (const args of [['plan', ...MACHINE, ...DEVICES], ['--check', ...MACHINE, ...DEVICES], ['--version']]) {
    const status = await program.main(args);
    if (status !== 0) throw new Error(`vmattach ${args.join(' ')} ended with status ${status}`);
  }
  writeFileSync(`${file}.cache`, script.createCachedData());
  process.exit(0);
};

void run();
