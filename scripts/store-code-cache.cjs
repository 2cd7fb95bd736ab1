'use strict';
/**
 * Runs the program once and stores V8's code for all functions that ran. Usage: store-code-cache.cjs FOLDER PROFILE
 * Reading a cache costs as much as it is large, so that each kind of launch has its own.
 */
const { rmSync, writeFileSync } = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const path = require('node:path');
const v8 = require('node:v8');
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
const MACHINE = ['--host-model', 'examples/hosts/workstation.json', '-machine', 'bare', '-m', '1G'];
const BARE = [...MACHINE, ...DEVICES];
/** It is looked for on this host, whose facts are read so. */
const NO_DEVICE = ['-device', 'vfio-pci,host=ffff:ff:1f.7'];
const NO_ENGINE = ['--qemu', '/nonexistent/qemu', '-machine', 'q35', '-m', '1G', '-smp', '2', '-nodefaults', '-S'];

/** Command lines and what they end with. */
const RUNS = {
  plan: [[['plan', ...BARE], 0]],
  bare: [
    [['--check', ...BARE], 0],
    [['--check', '-machine', 'bare', ...NO_DEVICE], 1],
  ],
  engine: [
    [NO_ENGINE, 1],
    [[...NO_ENGINE, ...DEVICES], 1],
  ],
};

/** What clients do with a machine: its first plug should be as fast as the next. */
const COMMANDS = [
  { execute: 'qmp_capabilities' },
  { execute: 'query-status' },
  { execute: 'device_add', arguments: { driver: 'vfio-pci', id: 'd', host: '06:00.0', iommufd: 'i' } },
  { execute: 'device_del', arguments: { id: 'd' } },
  { execute: 'quit' },
];

/** Gives the commands as soon as somebody listens. */
const talk = (socket) => {
  const client = net.connect(socket, () => client.write(COMMANDS.map((command) => JSON.stringify(command)).join('')));
  client.on('error', () => setTimeout(() => talk(socket), 1));
  client.resume();
};

/** Runs a machine with a monitor until its client ends it. */
const plug = async (program) => {
  const socket = path.join(tmpdir(), `vmattach-${process.pid}.sock`);
  const ended = program.main([...MACHINE, ...DEVICES.slice(0, 4), '-qmp', `unix:${socket},server=on,wait=off`]);
  talk(socket);
  const status = await ended;
  if (status !== 0) throw new Error(`a machine with a monitor ended with status ${status}`);
};

const runMain = async (program) => {
  for (const [args, expected] of RUNS[profile]) {
    const status = await program.main(args);
    if (status !== expected) throw new Error(`vmattach ${args.join(' ')} ended with status ${status}`);
  }
  if (profile === 'bare') await plug(program);
};

const run = async () => {
  const file = path.resolve(folder, 'main.cjs');
  const cache = cacheFile(file, profile);
  rmSync(cache, { force: true });
  // V8 takes a cache only under the flags that it was made under, and those of a machine are set when it runs.
  v8.setFlagsFromString = () => undefined;
  const { exports: program, script } = load(file, profile);
  await runMain(program);
  writeFileSync(cache, script.createCachedData());
  process.exit(0);
};

void run();
