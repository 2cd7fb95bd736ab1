import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** The program file that a process runs. */
export const executableOf = (pid: number): string => readlinkSync(`/proc/${pid}/exe`);

/** What the fds of a process lead to, sorted, each once. */
export const openFiles = (pid: number): readonly string[] => {
  const folder = `/proc/${pid}/fd`;
  return [...new Set(readdirSync(folder).map((fd) => readlinkSync(path.join(folder, fd))))].toSorted();
};

/** The device nodes of VFIO and iommufd that a process has open: they tell the backend it uses. */
export const openVfioNodes = (pid: number): readonly string[] =>
  openFiles(pid).filter((file) => file === '/dev/iommu' || file.startsWith('/dev/vfio/'));
