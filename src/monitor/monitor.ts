import type { JsonRecord } from './json-text.ts';

/** A monitor that runs: it serves one client at a time, as a character device of QEMU does. */
export interface Monitor {
  tell(event: JsonRecord): void;
  /** Lets its clients go and takes no others. */
  close(): Promise<void>;
}
