import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a host may say wrongly of itself: its clock, and how full its disks are. */
export type HostTools = {
  /** The directory to put in front of its PATH. */
  readonly binDir: string;
  /** Lets `date` be ahead, or behind below 0; 0 takes it away. Nodes on the host keep the clock of the machine. */
  skewClock(aheadMs: number): Promise<void>;
  /** Lets `df` say that `percent` of the disk of an absolute path and all below is used; null takes it away. Nothing is written. */
  crowdPath(path: string, percent: number | null): Promise<void>;
};

export async function installTools(dir: string): Promise<HostTools> {
  const binDir = join(dir, 'tools');
  await mkdir(binDir, { recursive: true });
  for (const name of ['date', 'df']) {
    await copyFile(fileURLToPath(new URL(`./${name}.sh`, import.meta.url)), join(binDir, name));
    await chmod(join(binDir, name), 0o755);
  }
  const crowded = new Map<string, number>();
  return {
    binDir,
    async skewClock(aheadMs) {
      if (aheadMs === 0) return rm(join(dir, 'clock'), { force: true });
      await put(join(dir, 'clock'), `${Math.round(aheadMs)}\n`);
    },
    async crowdPath(path, percent) {
      if (percent === null) crowded.delete(path);
      else crowded.set(path, Math.round(percent));
      await put(join(dir, 'full'), [...crowded].map(([where, part]) => `${part} ${where}\n`).join(''));
    },
  };
}

/** Renamed into place, so that nobody reads half of it. */
async function put(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
