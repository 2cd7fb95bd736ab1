/** The page docs/benchmarks.md from the figures of one run. */

const table = (headings, rows) => [
  `| ${headings.join(' | ')} |`,
  `|${headings.map((_, index) => (index === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

const startup = (rows) => [
  '## Start',
  '',
  'Whole processes, from start to end, in turns; medians.',
  '',
  ...table(
    ['command', 'ms', 'times `node empty.cjs`'],
    rows.map(({ name, ms, timesNode }) => [`\`${name}\``, ms, timesNode]),
  ),
];

const launch = (rows) => [
  '## Launching QEMU',
  '',
  'Until the QMP monitor greets, in turns; medians. vmattach becomes QEMU, so that what it costs is spent before QEMU starts. A plain',
  'command line without a passed-through device is handed over by a shell; for others Node starts.',
  '',
  ...table(
    ['command line', 'QEMU ms', 'vmattach ms', 'more ms', 'times `node empty.cjs`'],
    rows.map(({ name, how, qemuMs, vmattachMs, overheadMs, overheadTimesNode }) => [
      `${name} (${how})`,
      qemuMs,
      vmattachMs,
      overheadMs,
      overheadTimesNode,
    ]),
  ),
];

const planner = ({ plan64DevicesMs, plansPerSecondInMemory, plansPerSecondFromFolder, models }) => [
  '## Planner',
  '',
  `One core. The models are ${models.toLocaleString('en')} variations of those in examples/hosts, two devices each launch.`,
  '',
  ...table(
    ['what', 'figure'],
    [
      ['one plan of 64 virtual functions', `${plan64DevicesMs} ms`],
      ['plans on models in memory', `${plansPerSecondInMemory} per second`],
      ['`vmattach plan --host-model DIR/ --format json`, start and reading included', `${plansPerSecondFromFolder} per second`],
    ],
  ),
];

const grammars = (figures) => [
  '## Grammars',
  '',
  ...table(
    ['what', 'ms'],
    [
      ['1 MB of JSON as QEMU reads it', `${figures.json1MbMs} (${figures.jsonTimesJsonParse} times \`JSON.parse\`)`],
      ['10,000 keys of one QemuOpts argument', figures.qemuOpts10000KeysMs],
      ['10,000 keys of one keyval argument', figures.keyval10000KeysMs],
      ['a command line with 10,000 objects, until they are linked', figures.request10000ObjectsMs],
    ],
  ),
];

const attach = ({ qemu, kernel, rounds, attach: rows }) => [
  '## Attach on a real kernel',
  '',
  `Linux ${kernel} in the test guest: software emulation of 2 processors, an emulated VT-d, virtio network cards with function-level`,
  `reset. Medians of ${rounds} runs in turns. vmattach: its own first call to its last. C: the same calls one after another`,
  `(\`bench/attach.c\`). QEMU: until it answers its monitor, less the same without devices (${qemu}).`,
  'Emulation makes all processor work some ten times slower; a reset is 100 ms of waiting, as on hardware.',
  '',
  ...table(
    ['devices', 'RAM', 'backend', 'vmattach ms', 'C ms', 'QEMU ms', 'vmattach / C', 'vmattach / QEMU'],
    rows.map((row) => [row.devices, `${row.mib} MiB`, row.backend, row.vmattachMs, row.cMs, row.qemuMs, row.timesC, row.timesQemu]),
  ),
];

const mapping = ({ map }) => [
  '## What mapping guest RAM takes',
  '',
  'Zeroing its pages, almost all of it: one call of the C program on untouched memory, and on memory whose pages are there. So vmattach',
  'makes the pages on several threads (`MADV_POPULATE_WRITE`) while the devices are being reset, and maps them afterwards. Of the two',
  'backends neither is slower by itself; whichever runs first in a machine whose hypervisor has not yet given it the memory is.',
  '',
  ...table(
    ['backend', 'RAM', 'untouched ms', 'populated ms'],
    map.map(({ backend, mib, untouchedMs, populatedMs }) => [backend, `${mib} MiB`, untouchedMs, populatedMs]),
  ),
];

const monitor = ({ command, vmattachUs, qemuUs, timesQemu }) => [
  '## Monitor',
  '',
  `The round trip of \`${command}\` over a unix socket: the same client asks both in turns; medians.`,
  '',
  ...table(['vmattach µs', 'QEMU µs', 'vmattach / QEMU'], [[vmattachUs, qemuUs ?? '-', timesQemu ?? '-']]),
];

const hotplug = ({ hotplug: rows }) => [
  '## Plugging a device',
  '',
  'In the same guest: `device_add` until its reply, in a machine whose address space another device has set up (iommufd), in turns;',
  'medians. QEMU resets the device once more before it replies. A device without a reset leaves processor work alone, which emulation',
  'makes slower: for vmattach mostly reading what sysfs says about the device.',
  '',
  ...table(
    ['device', 'runs', 'vmattach ms', 'QEMU ms', 'vmattach / QEMU'],
    rows.map((row) => [row.device, row.rounds, row.vmattachMs, row.qemuMs, row.timesQemu]),
  ),
];

/** @param results as run.mjs prints them; sections that were not measured are left out */
export const document = ({
  machine,
  startup: start,
  launch: launches,
  planner: plans,
  grammars: parsing,
  monitor: roundTrip,
  guest,
}) =>
  [
    '# Benchmarks',
    '',
    'Written by `npm run bench -- --guest --write-docs`. Ratios travel between machines, times do not.',
    '',
    `Machine: ${machine}.`,
    '',
    ...startup(start),
    '',
    ...(launches === undefined ? [] : [...launch(launches), '']),
    ...planner(plans),
    '',
    ...grammars(parsing),
    '',
    ...monitor(roundTrip),
    '',
    ...(guest === undefined ? [] : [...attach(guest), '', ...hotplug(guest), '', ...mapping(guest), '']),
  ].join('\n');
