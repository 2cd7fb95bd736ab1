import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { median, medianCall, round, timeCommand } from './measure.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const MODELS = 10_000;
const SETTINGS = { byDefault: 'type1', enabled: new Set(['type1', 'iommufd', 'iommufd-compat']) };
const GPU_LINE = [
  ['-machine', 'bare', '-m', '8G', '-object', 'iommufd,id=i'],
  ['-device', 'vfio-pci,host=0000:01:00.0,iommufd=i', '-device', 'vfio-pci,host=0000:01:00.1,iommufd=i'],
].flat();

const example = (name) => readFileSync(path.join(ROOT, 'examples', 'hosts', `${name}.json`), 'utf8');

const vfLine = (host) => {
  const functions = host.devices.filter(({ physicalFunction }) => physicalFunction !== undefined).slice(0, 64);
  const devices = functions.flatMap(({ address }) => ['-device', `vfio-pci,host=${address},iommufd=i`]);
  return ['-machine', 'bare', '-m', '64G', '-object', 'iommufd,id=i', ...devices];
};

/** Hosts that differ in what planning looks at: driver of the GPU, kernel, memory limit, and how many devices there are. */
const variation = (models, index) => {
  const model = models[index % models.length];
  const variant = Math.floor(index / models.length);
  const devices = model.devices.map((device) =>
    variant % 3 === 0 && device.address === '0000:01:00.0' && device.driver === 'vfio-pci'
      ? { ...device, driver: 'nvidia', cdev: null }
      : device,
  );
  const kernel = variant % 5 === 0 ? { ...model.kernel, release: '5.15.0' } : model.kernel;
  const memlock = { soft: variant % 7 === 0 ? 8_388_608 : 'unlimited', hard: 'unlimited' };
  return { ...model, description: `host ${index}`, kernel, devices, process: { ...model.process, memlock } };
};

const texts = () => {
  const models = ['workstation', 'sriov-server', 'stock-debian', 'unprepared', 'no-iommu'].map((name) => JSON.parse(example(name)));
  return Array.from({ length: MODELS }, (_, index) => JSON.stringify(variation(models, index)));
};

/** 64 virtual functions of one server: the plan alone, made again and again. */
const bench64 = ({ parseHostModel, createPlan, readRequest, scanArgv }) => {
  const text = example('sriov-server');
  const host = parseHostModel(text, 'sriov-server');
  const request = readRequest(scanArgv(vfLine(host), []), 'bare');
  if (createPlan(request, host, SETTINGS).problems.length > 0) throw new Error('the plan of 64 devices has problems');
  // A host that was never planned on: nothing that is kept for a host helps.
  return medianCall(() => createPlan(request, { ...host }, SETTINGS));
};

/** Models that are in memory already: only planning counts. */
const benchMemory = ({ parseHostModel, createPlan, readRequest, scanArgv }, models) => {
  const request = readRequest(scanArgv(GPU_LINE, []), 'bare');
  const hosts = models.map((text, index) => parseHostModel(text, `host ${index}`));
  const seconds = Array.from({ length: 3 }, () => {
    const began = performance.now();
    for (const host of hosts) createPlan(request, { ...host }, SETTINGS);
    return (performance.now() - began) / 1000;
  });
  return MODELS / median(seconds);
};

/** The whole program on a folder: start, reading, checking and planning of each model, output. */
const benchFolder = (models) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-bench-'));
  try {
    const hosts = path.join(folder, 'hosts');
    mkdirSync(hosts);
    for (const [index, text] of models.entries()) {
      writeFileSync(path.join(hosts, `host-${String(index).padStart(5, '0')}.json`), text);
    }
    const args = [path.join(ROOT, 'bin', 'vmattach'), 'plan', '--host-model', hosts, '--format', 'json', ...GPU_LINE];
    const runs = Array.from({ length: 3 }, () => timeCommand(process.execPath, args, { maxBuffer: 1 << 30 }));
    const lines = runs[0].stdout.trimEnd().split('\n').length;
    if (lines !== MODELS) throw new Error(`${lines} answers for ${MODELS} models`);
    return MODELS / (median(runs.map(({ ms }) => ms)) / 1000);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** How fast plans are made, on one core. */
export const benchPlanner = (subjects) => {
  const models = texts();
  return {
    plan64DevicesMs: round(bench64(subjects), 3),
    plansPerSecondInMemory: Math.round(benchMemory(subjects, models)),
    plansPerSecondFromFolder: Math.round(benchFolder(models)),
    models: MODELS,
  };
};
