import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { ExaminedArchive } from './port.ts';

/** The files of one archive. */
export type StorePaths = {
  readonly archive: string;
  readonly part: string;
  readonly mark: string;
  /**
   * Never removed: otherwise those who wait for the lock and those who come later would lock different files. It is
   * empty.
   */
  readonly lock: string;
};

export function storePaths(directory: string, sha256: string): StorePaths {
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw new AppError('INVALID_INPUT', `"${sha256}" is not a SHA-256 sum in lower case`);
  const of = (ending: string) => join(directory, `${sha256}${ending}`);
  return { archive: of('.tar.gz'), part: of('.part'), mark: of('.json'), lock: of('.lock') };
}

const marked = z.object({
  /** Identifies the file whose checksum was taken; if another file is in its place, the mark does not count. */
  file: z.string(),
  found: z.object({
    sizeBytes: z.number(),
    sha256: z.string(),
    members: z.array(
      z.object({
        name: z.string(),
        type: z.enum(['file', 'directory', 'symlink', 'hardlink', 'other']),
        target: z.string().nullable(),
      }),
    ),
    unreadable: z.string().nullable(),
  }),
});

/** What was found in the archive that is there; null = there is no archive, or it has changed since. */
export async function readMark({ archive, mark }: StorePaths): Promise<ExaminedArchive | null> {
  const text = await readFile(mark, 'utf8').catch(absent);
  if (text === null) return null;
  const parsed = marked.safeParse(parseJson(text));
  const file = await identityOf(archive);
  return parsed.success && file !== null && parsed.data.file === file ? parsed.data.found : null;
}

export async function writeMark({ archive, mark }: StorePaths, found: ExaminedArchive): Promise<void> {
  await writeFile(`${mark}.part`, JSON.stringify({ file: await identityOf(archive), found }), { mode: 0o600 });
  await rename(`${mark}.part`, mark);
}

export async function noteUse({ mark }: StorePaths): Promise<void> {
  const now = new Date();
  await utimes(mark, now, now);
}

/** Removes everything but the lock. */
export async function removeKept({ archive, part, mark }: StorePaths): Promise<void> {
  for (const path of [mark, `${mark}.part`, archive, part]) await rm(path, { force: true });
}

/** 0 when there is no such file. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(absent))?.size ?? 0;
}

async function identityOf(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(absent);
  return found === null ? null : `${found.ino} ${found.size} ${found.mtimeNs}`;
}

export function absent(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
  throw error;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the writing was broken off; the archive is fetched again
  }
}
