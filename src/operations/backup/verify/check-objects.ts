import { createHash } from 'node:crypto';
import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import { readManifest, type SnapshotName } from '../../../adapters/object-store/read-manifest.ts';
import {
  comparedWithRemembered,
  createObjectCheck,
  type ObjectCheck,
  type ObjectProblem,
} from '../../../domain/backup/object-check.ts';
import type { ObjectSums } from '../../../domain/backup/object-sums.ts';
import { bytesInWords } from '../../../domain/backup/sizes.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { namesOf } from './name-differences.ts';

export type Remembered = { readonly at: Date; readonly sums: ObjectSums };

export type ObjectsToCheck = SnapshotName & {
  /** Content of objects whose MD5 the store does not know is read up to so many bytes together. */
  readonly readAtMostBytes: number;
  /** What was there when the objects were first found complete; null = they never were. */
  readonly remembered: Remembered | null;
};

/** What was found; `problems` empty and `unclear` empty = every object is there as it should be. */
export type ObjectsFound = {
  readonly problems: readonly ObjectProblem[];
  /** Why something could not be told. */
  readonly unclear: readonly ObjectProblem[];
  readonly objects: number;
  readonly bytes: number;
  /** Objects that do not belong to the snapshot: the first few, and how many there are. */
  readonly extra: readonly string[];
  readonly extras: number;
  /** Content that was read, because the store did not know its MD5. */
  readonly read: Amount;
  readonly unread: Amount;
  readonly namesFiles: boolean;
  readonly remembered: Remembered | null;
  readonly sums: ObjectSums;
};

export type Amount = { readonly objects: number; readonly bytes: number };

type Watching = {
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Is given a line about how far it is, at most every ten seconds. */
  readonly log: (line: string) => void;
};

const progressEveryMs = 10_000;

/**
 * Compares all objects of a snapshot with its manifest: whether they are there, whether each has the MD5 that its name says
 * (by the store's ETag where that is the MD5, else by reading its content), and whether they are still those that were there
 * when they were first found complete. Throws what `readManifest` and the store throw.
 */
export async function checkObjects(
  objects: ObjectReader,
  what: ObjectsToCheck,
  watching: Watching,
): Promise<ObjectsFound> {
  const check = createObjectCheck(what);
  for await (const entry of readManifest(objects, what, watching)) check.expect(entry);
  const contents = await seeAll(objects, check, { what, watching });
  const names = await namesOf(objects, check, { snapshot: what, signal: watching.signal });
  const remembered = compareWith(check, what.remembered);
  return {
    problems: [...check.problems(), ...names.problems, ...contents.problems, ...remembered.problems],
    unclear: [...contents.unclear, ...remembered.unclear],
    objects: check.seen.objects - names.extras,
    bytes: check.seen.bytes,
    extra: [...check.seen.extra, ...names.extra].slice(0, 5),
    extras: check.seen.extras + names.extras,
    read: contents.read,
    unread: contents.unread,
    namesFiles: check.namesFiles(),
    remembered: what.remembered,
    sums: check.sums(),
  };
}

function compareWith(check: ObjectCheck, remembered: Remembered | null) {
  if (remembered === null) return { problems: [], unclear: [] };
  return comparedWithRemembered(check.sums(), remembered.sums, check.whereIsPartition);
}

type Contents = {
  readonly problems: ObjectProblem[];
  readonly unclear: ObjectProblem[];
  readonly read: Amount;
  readonly unread: Amount;
};

/** One listing, page by page. An object is read only where the store's ETag is not the MD5 that its name says. */
async function seeAll(
  objects: ObjectReader,
  check: ObjectCheck,
  { what, watching }: { what: ObjectsToCheck; watching: Watching },
): Promise<Contents> {
  const prefix = `__ss_${what.snapshot}/`;
  const read = { objects: 0, bytes: 0 };
  const unread = { objects: 0, bytes: 0 };
  const problems: ObjectProblem[] = [];
  let toldAt = watching.now().getTime();
  const tell = () => {
    const at = watching.now().getTime();
    if (at - toldAt < progressEveryMs) return;
    toldAt = at;
    watching.log(
      `${count(check.seen.objects, 'object')}, ${bytesInWords(check.seen.bytes)} seen so far; ${bytesInWords(read.bytes)} of them read`,
    );
  };
  for await (const object of objects.list(prefix, watching)) {
    watching.signal.throwIfAborted();
    tell();
    const role = check.see({ key: object.key.slice(prefix.length), size: object.size });
    if (role.role === 'extra' || object.etag === role.md5) continue;
    if (read.bytes + object.size > what.readAtMostBytes) {
      unread.objects += 1;
      unread.bytes += object.size;
      continue;
    }
    const content = await readContent(objects, object.key, { ...watching, tell });
    read.objects += 1;
    read.bytes += content?.bytes ?? 0;
    const key = object.key.slice(prefix.length);
    if (content === null) problems.push({ where: role.where, what: `${key} went away while it was looked at` });
    else if (content.md5 !== role.md5)
      problems.push({
        where: role.where,
        what: `${key} has another content than its name says (${content.bytes} bytes)`,
      });
  }
  const left = `${count(unread.objects, 'object')}, ${bytesInWords(unread.bytes)}`;
  const unclear =
    unread.objects === 0
      ? []
      : [
          {
            where: 'contents',
            what: `the store has no MD5 of ${left}, and they were not read: that is over the limit`,
          },
        ];
  return { problems, unclear, read, unread };
}

async function readContent(
  objects: ObjectReader,
  key: string,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: () => void },
): Promise<{ readonly md5: string; readonly bytes: number } | null> {
  const hash = createHash('md5');
  let bytes = 0;
  try {
    for await (const piece of objects.read(key, { signal })) {
      signal.throwIfAborted();
      hash.update(piece);
      bytes += piece.byteLength;
      tell();
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
  return { md5: hash.digest('hex'), bytes };
}
