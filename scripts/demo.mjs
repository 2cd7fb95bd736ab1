/** The main job on a simulated host: a GPU with its audio function and a network card, attached and released again. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

const RUNS = [
  [
    'plan',
    '--host-model',
    'examples/hosts/workstation.json',
    '-machine',
    'bare',
    '-m',
    '8G',
    '-object',
    'iommufd,id=iommufd0',
    '-device',
    'vfio-pci,id=gpu,host=0000:01:00.0,iommufd=iommufd0',
  ],
];

console.log(ROOT, RUNS, spawnSync);
