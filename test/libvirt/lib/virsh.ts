import { execFile } from 'node:child_process';

/** What a virsh command printed. */
export interface VirshResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a virsh command, whatever its exit status. */
export const tryVirsh = (...words: string[]): Promise<VirshResult> =>
  new Promise((resolve, reject) => {
    execFile('virsh', ['-q', ...words], (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });

/** @returns what it printed. @throws Error with virsh's words if it failed */
export const virsh = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await tryVirsh(...words);
  if (status !== 0) throw new Error(`virsh ${words.join(' ')}: ${stderr.trim()}`);
  return stdout;
};
