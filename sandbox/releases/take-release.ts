import { createHash, randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildReleaseOptions, buildRelease, ownPrograms, placeOf, type ReleaseArchive } from './build-release.ts';
import { partsOf } from './variants.ts';

/** Beside the dependencies: kept from run to run, never committed, and gone with them. */
const keptDir = fileURLToPath(new URL('../../node_modules/.cache/releases', import.meta.url));
const codeDir = fileURLToPath(new URL('.', import.meta.url));
const oldMs = 24 * 3_600_000;

/**
 * As `buildRelease`, from an archive that was built before where there is one: every world has all releases, and packing
 * them was a fifth of the work of its start. It is kept under all that it was made from, the code of this directory included.
 */
export async function takeRelease(options: BuildReleaseOptions): Promise<ReleaseArchive> {
  const { version, programs } = options;
  const { outDir, path } = placeOf(options);
  const madeFrom = JSON.stringify([
    version,
    partsOf(version, options),
    { ...ownPrograms(), ...programs },
    options.tiny ?? false,
  ]);
  code ??= hashOfCode();
  const dir = join(keptDir, await code);
  const kept = join(dir, `${sha256(madeFrom)}.tar.gz`);
  await mkdir(outDir, { recursive: true });
  if (!(await copyInOneMove(kept, path).catch(wasMissing))) {
    const built = await buildRelease(options);
    if (await mkdir(dir, { recursive: true })) await forgetOld(dir);
    await copyInOneMove(path, kept);
    return built;
  }
  const content = await readFile(path);
  return { version, path, sha256: sha256(content), sizeBytes: content.length };
}

/** Half a file is never found: others take and keep archives at the same time. */
async function copyInOneMove(from: string, to: string): Promise<true> {
  const beside = `${to}.${randomUUID()}`;
  await copyFile(from, beside);
  await rename(beside, to);
  return true;
}

function wasMissing(error: unknown): false {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
  throw error;
}

/** What other code has made. */
async function forgetOld(present: string): Promise<void> {
  for (const name of await readdir(keptDir)) {
    const dir = join(keptDir, name);
    const { mtimeMs } = await stat(dir);
    if (dir !== present && Date.now() - mtimeMs > oldMs) await rm(dir, { recursive: true, force: true });
  }
}

let code: Promise<string> | null = null;

async function hashOfCode(): Promise<string> {
  const entries = await readdir(codeDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(files.toSorted().map(async (file) => [file, sha256(await readFile(file))]));
  return sha256(JSON.stringify(contents)).slice(0, 16);
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
