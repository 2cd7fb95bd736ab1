/**
 * The main job on a simulated host: what would happen, then the same for real against the simulated kernel, then a launch that
 * cannot work and says why. Fails if a command does not end as it should.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

const WORKSTATION = ['--host-model', 'examples/hosts/workstation.json'];
const UNPREPARED = ['--host-model', 'examples/hosts/unprepared.json'];
const MACHINE = ['-machine', 'bare', '-m', '8G'];
const GPU = [
  ['-object', 'iommufd,id=iommufd0'],
  ['-device', 'vfio-pci,id=gpu,host=0000:01:00.0,iommufd=iommufd0'],
  ['-device', 'vfio-pci,id=audio,host=0000:01:00.1,iommufd=iommufd0'],
].flat();

const QEMU_MACHINE = [
  ['--default-backend', 'iommufd', '-machine', 'q35', '-accel', 'kvm', '-cpu', 'host', '-m', '8G'],
  ['-device', 'vfio-pci,id=gpu,host=0000:01:00.0', '-device', 'vfio-pci,id=audio,host=0000:01:00.1', 'disk.qcow2'],
].flat();

const RUNS = [
  { title: 'What would happen, and why', args: ['plan', ...WORKSTATION, ...MACHINE, ...GPU], status: 0 },
  { title: 'Attach, report, detach', args: [...WORKSTATION, '--check', ...MACHINE, ...GPU], status: 0 },
  { title: 'A machine of QEMU, and what QEMU gets', args: ['--dry-run', ...WORKSTATION, ...QEMU_MACHINE], status: 0 },
  { title: 'A host that is not ready', args: [...UNPREPARED, '--check', ...MACHINE, ...GPU], status: 1 },
];

for (const { title, args, status: expected } of RUNS) {
  console.log(`\n# ${title}\n$ vmattach ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [path.join(ROOT, 'bin', 'vmattach'), ...args], { cwd: ROOT, stdio: 'inherit' });
  if (status !== expected) {
    console.error(`demo: exit status ${status}, expected ${expected}`);
    process.exit(1);
  }
}
