import { createHash } from 'node:crypto';
import { getManyValues, type Many, none } from 'stream-chain/defs.js';
import { jsonParser, type Token } from 'stream-json/core/parser.js';
import type { ManifestEntry } from '../../domain/backup/manifest.ts';
import { AppError, messageOf } from '../../errors.ts';
import { createEntriesReader, type EntriesReader } from './manifest-entries.ts';
import type { ObjectReader, StoreCall, StoredObject } from './port.ts';

/** A piece of text that is parsed at once: its tokens are in memory together. */
const pieceBytes = 65_536;
/** Names and numbers are short: so many bytes without a token are no manifest. */
const longestToken = 1_048_576;

export type SnapshotName = {
  readonly snapshot: string;
  /** As `SHOW SNAPSHOT` prints it, `2026-11-27-09-38-34-376`. */
  readonly timestamp: string;
};

/**
 * Reads the manifest of a snapshot (`__info_<timestamp>.<md5>`) piece by piece: of each table first its partitions, then
 * the table, and at the end the snapshot. Nothing follows from the entries before the last one has come, since only then
 * the content is known to have the MD5 that the object's name says. Throws `NOT_FOUND` when there is no manifest,
 * `BACKUP_DAMAGED` with what is wrong when it is not as StarRocks writes it, and what the store throws.
 */
export async function* readManifest(
  reader: ObjectReader,
  of: SnapshotName,
  call: StoreCall = {},
): AsyncGenerator<ManifestEntry, void, undefined> {
  const manifest = await findManifest(reader, of, call);
  const damaged = (what: string, cause?: unknown) =>
    new AppError('BACKUP_DAMAGED', `The manifest of ${of.snapshot} is damaged: ${what}`, {
      hint: 'A RESTORE of this snapshot fails or gives something else than was backed up. Take a new backup.',
      ...(cause === undefined ? {} : { cause }),
    });
  const hash = createHash('md5');
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parse = createTokenizer();
  const entries = createEntriesReader();
  let [bytes, silent] = [0, 0];
  let last: ManifestEntry | null = null;

  const read = (piece: Uint8Array | null): readonly ManifestEntry[] => {
    try {
      const tokens = parse(piece === null ? null : text.decode(piece, { stream: true }));
      silent = tokens.length === 0 ? silent + (piece?.byteLength ?? 0) : 0;
      if (silent > longestToken) throw new Error('it holds a text that is far too long');
      const made: ManifestEntry[] = [];
      for (const token of tokens) for (const entry of take(entries, token)) made.push(entry);
      return made;
    } catch (error) {
      throw damaged(messageOf(error), error);
    }
  };

  for await (const chunk of reader.read(manifest.key, call)) {
    for (let from = 0; from < chunk.byteLength; from += pieceBytes) {
      const piece = chunk.subarray(from, from + pieceBytes);
      hash.update(piece);
      bytes += piece.byteLength;
      for (const entry of read(piece)) {
        if (entry.kind === 'snapshot') last = entry;
        else yield entry;
      }
    }
  }
  if (hash.digest('hex') !== manifest.md5) throw damaged('its content does not have the MD5 that its name says');
  read(null);
  if (last === null || last.kind !== 'snapshot') throw damaged('it ends in the middle');
  if (last.name !== of.snapshot) throw damaged(`it says that it is of ${JSON.stringify(last.name)}`);
  yield { ...last, bytes };
}

/** The object that holds the manifest. Throws like `readManifest`. */
export async function findManifest(
  reader: ObjectReader,
  { snapshot, timestamp }: SnapshotName,
  call: StoreCall = {},
): Promise<StoredObject & { readonly md5: string }> {
  if (!/^\w+$/.test(snapshot) || !/^[\d-]+$/.test(timestamp))
    throw new AppError('INVALID_INPUT', 'The name of the snapshot or its timestamp is not one that Starwarden makes');
  const prefix = `__ss_${snapshot}/__info_${timestamp}.`;
  const found: (StoredObject & { readonly md5: string })[] = [];
  for await (const object of reader.list(prefix, call)) {
    const md5 = /^[0-9a-f]{32}$/.exec(object.key.slice(prefix.length))?.[0];
    if (md5 !== undefined && object.key.startsWith(prefix)) found.push({ ...object, md5 });
    if (found.length > 1) break;
  }
  const [manifest, another] = found;
  if (manifest === undefined)
    throw new AppError('NOT_FOUND', `The repository holds no manifest of ${snapshot} at ${timestamp}`, {
      hint: 'Without its manifest StarRocks does not offer the snapshot. Take a new backup.',
    });
  if (another !== undefined)
    throw new AppError('BACKUP_DAMAGED', `The repository holds two manifests of ${snapshot} at ${timestamp}`, {
      hint: 'StarRocks restores nothing while both are there. Look at the repository in the object store.',
    });
  return manifest;
}

/** Null = the text is over. */
function createTokenizer(): (text: string | null) => readonly Token[] {
  const tokenizer: { parse(text: string | typeof none): Many<Token> | typeof none } = {
    parse: jsonParser({ packValues: true, streamValues: false }),
  };
  return (text) => {
    const answer = tokenizer.parse(text ?? none);
    return answer === none ? [] : getManyValues(answer);
  };
}

const nothing: readonly ManifestEntry[] = [];

function take(entries: EntriesReader, token: Token): readonly ManifestEntry[] {
  switch (token.name) {
    case 'startObject':
      entries.openObject();
      return nothing;
    case 'startArray':
      entries.openList();
      return nothing;
    case 'keyValue':
      entries.key(token.value);
      return nothing;
    case 'stringValue':
      entries.text(token.value);
      return nothing;
    case 'numberValue':
      entries.number(token.value);
      return nothing;
    case 'trueValue':
    case 'falseValue':
    case 'nullValue':
      entries.other();
      return nothing;
    case 'endObject':
    case 'endArray':
      return entries.close();
    default:
      return nothing;
  }
}
