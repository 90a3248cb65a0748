import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { patienceMs } from '../patience.ts';
import { nodeProgram } from '../starrocks/programs.ts';
import { partsOf, type Variation } from './variants.ts';
import { type Programs, writeReleaseTree } from './write-tree.ts';

const run = promisify(execFile);

export type ReleaseArchive = {
  readonly version: string;
  /** `StarRocks-<version>.tar.gz`, an absolute path when `outDir` is one. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
};

export type BuildReleaseOptions = Variation & {
  readonly version: string;
  /** A faulty archive goes to a directory of its own in it, named after the variant: its name is that of the sound one. */
  readonly outDir: string;
  /** The programs behind the start scripts; the sandbox's own when not given. */
  readonly programs?: Partial<Programs>;
  /** Some 20 kB in place of a megabyte, for tests that install a lot. Default false. */
  readonly tiny?: boolean;
};

/**
 * Builds a release archive. The same input gives the same bytes, and an archive that is there is replaced in one move, so
 * that two worlds may build into the same directory.
 */
export async function buildRelease(options: BuildReleaseOptions): Promise<ReleaseArchive> {
  const { version, programs, tiny = false } = options;
  const parts = partsOf(version, options);
  const { name, outDir, path } = placeOf(options);
  const staging = join(outDir, `.${name}-${randomUUID()}`);
  try {
    await mkdir(staging, { recursive: true });
    await writeReleaseTree({ root: join(staging, name), parts, programs: { ...ownPrograms(), ...programs }, tiny });
    const packed = join(staging, 'packed.tar.gz');
    await run('tar', [...reproducible, '-cf', packed, '-C', staging, name], { timeout: patienceMs });
    const content = await readFile(packed);
    await rename(packed, path);
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { version, path, sha256, sizeBytes: content.length };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Where an archive goes, and what it is called inside. */
export function placeOf({ version, variant, outDir }: BuildReleaseOptions) {
  const name = `StarRocks-${version}`;
  const dir = variant === undefined ? outDir : join(outDir, variant);
  return { name, outDir: dir, path: join(dir, `${name}.tar.gz`) };
}

/** Everything that would otherwise make two builds of the same release differ; level 1 because the fillers do not shrink. */
const reproducible = [
  '--sort=name',
  '--mtime=2025-06-10 10:00:00Z',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--use-compress-program=gzip -n -1',
];

export function ownPrograms(): Programs {
  return {
    node: process.execPath,
    frontend: nodeProgram('fe'),
    backend: nodeProgram('be'),
  };
}
