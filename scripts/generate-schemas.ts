/**
 * Writes the published JSON Schemas in docs from their sources in src/report. With --check: fails when a file is not what its source gives.
 *
 *     npx tsx scripts/generate-schemas.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DEVICES_SCHEMA } from '../src/report/devices-schema.ts';
import { DOCTOR_SCHEMA } from '../src/report/doctor-schema.ts';
import { FLEET_SCHEMA } from '../src/report/fleet-schema.ts';
import { PLAN_SCHEMA } from '../src/report/plan-schema.ts';
import { PROBE_SCHEMA } from '../src/report/probe-schema.ts';

const SCHEMAS = {
  'plan.schema.json': PLAN_SCHEMA,
  'devices.schema.json': DEVICES_SCHEMA,
  'doctor.schema.json': DOCTOR_SCHEMA,
  'fleet.schema.json': FLEET_SCHEMA,
  'probe.schema.json': PROBE_SCHEMA,
};

const DOCS = path.resolve(import.meta.dirname, '..', 'docs');

for (const [name, schema] of Object.entries(SCHEMAS)) {
  const file = path.join(DOCS, name);
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`docs/${name} is stale: run npx tsx scripts/generate-schemas.ts`);
    process.exitCode = 1;
  }
}
