import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Shell scripts that stand in for QEMU, in a folder of their own that everybody may enter. */
export class FakeEngines {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'vmattach-engine-'));

  constructor() {
    chmodSync(this.folder, 0o755);
  }

  /** @returns the path of a program that does `body` in bash */
  script(name: string, body: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, `#!/bin/bash\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
