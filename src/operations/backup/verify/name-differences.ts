import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import { readManifest, type SnapshotName } from '../../../adapters/object-store/read-manifest.ts';
import type { ManifestFile } from '../../../domain/backup/manifest.ts';
import type { ObjectCheck, ObjectProblem } from '../../../domain/backup/object-check.ts';

/** Whose names are in memory together. */
const tabletsAtOnce = 2_000;
/** A backup that lacks more than that is named by the first ones. */
const enough = 20;

export type NamesFound = {
  readonly problems: readonly ObjectProblem[];
  /** Objects of a tablet that the manifest does not name. */
  readonly extra: readonly string[];
  readonly extras: number;
};

/**
 * Which objects are missing, by name, in the tablets of which the sums differ. The manifest is read again for every 2,000 of
 * these, and the directory of each is listed; it ends when enough is known to be missing.
 */
export async function namesOf(
  objects: ObjectReader,
  check: ObjectCheck,
  { snapshot, signal }: { readonly snapshot: SnapshotName; readonly signal: AbortSignal },
): Promise<NamesFound> {
  const differing = check.differing();
  const problems: ObjectProblem[] = [];
  const extra: string[] = [];
  for (let from = 0; from < differing.length && problems.length < enough; from += tabletsAtOnce) {
    const tablets = differing.slice(from, from + tabletsAtOnce);
    const wanted = await filesOf(objects, new Set(tablets), { snapshot, signal });
    for (const tablet of tablets) {
      if (problems.length >= enough) break;
      const directory = check.directoryOf(tablet);
      const there = await filesIn(objects, `__ss_${snapshot.snapshot}/${directory}`, signal);
      const files = wanted.get(tablet) ?? [];
      const missing = files.filter((file) => !there.some((name) => isSame(name, file)));
      for (const file of missing)
        problems.push({ where: check.whereOf(tablet), what: `${nameOf(file)} of tablet ${tablet} is missing` });
      for (const name of there) if (!files.some((file) => isSame(name, file))) extra.push(`${directory}${name}`);
    }
  }
  return { problems, extra, extras: extra.length };
}

async function filesOf(
  objects: ObjectReader,
  tablets: ReadonlySet<number>,
  { snapshot, signal }: { readonly snapshot: SnapshotName; readonly signal: AbortSignal },
): Promise<ReadonlyMap<number, readonly ManifestFile[]>> {
  const files = new Map<number, readonly ManifestFile[]>();
  for await (const entry of readManifest(objects, snapshot, { signal })) {
    if (entry.kind !== 'partition') continue;
    for (const tablet of entry.tablets) if (tablets.has(tablet.id)) files.set(tablet.id, tablet.files ?? []);
  }
  return files;
}

async function filesIn(objects: ObjectReader, directory: string, signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { key } of objects.list(directory, { signal })) {
    const name = key.slice(directory.length);
    if (!name.includes('/') && /\.[0-9a-f]{32}$/.test(name)) names.push(name);
  }
  return names;
}

function isSame(name: string, { name: wanted, md5 }: ManifestFile): boolean {
  return md5 === null ? name.replace(/\.[0-9a-f]{32}$/, '') === wanted : name === `${wanted}.${md5}`;
}

function nameOf({ name, md5 }: ManifestFile): string {
  return md5 === null ? name : `${name}.${md5}`;
}
