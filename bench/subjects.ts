/** What is measured in one process, as the program itself has it: bundled, not interpreted from the sources. */
export { parseHostModel } from '../src/host/load-model.ts';
export { parseJson } from '../src/options/json.ts';
export { parseQemuOpts } from '../src/options/qemu-opts.ts';
export { parseKeyval } from '../src/options/keyval.ts';
export { scanArgv } from '../src/options/scan-argv.ts';
export { createPlan } from '../src/plan/create-plan.ts';
export { readRequest } from '../src/request/read-request.ts';
