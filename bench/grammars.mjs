import { medianCall, round } from './measure.mjs';

const MEGABYTE = 1_000_000;
const OPTIONS = 10_000;

const largeJson = () => {
  const entry = '{"driver":"vfio-pci","id":"hostdev0","host":"0000:01:00.0","iommufd":"iommufd0"},';
  return `{"devices":[${entry.repeat(Math.floor(MEGABYTE / entry.length))}{}]}`;
};

const manyOptions = (scanArgv) =>
  scanArgv(Array.from({ length: OPTIONS }, (_, index) => ['-object', `iommufd,id=i${index}`]).flat(), []);

/** How long QEMU's grammars take on input far beyond any real command line, against JSON.parse where that can read it. */
export const benchGrammars = ({ parseJson, parseQemuOpts, parseKeyval, scanArgv, readRequest }) => {
  const json = largeJson();
  const list = Array.from({ length: OPTIONS }, (_, index) => `key${index}=value`).join(',');
  const scanned = manyOptions(scanArgv);
  const few = { warmUp: 3, calls: 15 };
  const builtIn = medianCall(() => JSON.parse(json), few);
  const ours = medianCall(() => parseJson(json), few);
  return {
    json1MbMs: round(ours),
    jsonTimesJsonParse: round(ours / builtIn, 1),
    qemuOpts10000KeysMs: round(medianCall(() => parseQemuOpts(list, { group: 'bench' }), few)),
    keyval10000KeysMs: round(medianCall(() => parseKeyval(list), few)),
    request10000ObjectsMs: round(medianCall(() => readRequest(scanned, 'bare'), few)),
  };
};
