import type { ManifestEntry, ManifestFile, ManifestTablet } from '../../domain/backup/manifest.ts';

/** What is between two braces or brackets of the manifest. */
type Place =
  | 'snapshot'
  | 'tables'
  | 'table'
  | 'partitions'
  | 'partition'
  | 'physicalPartitions'
  | 'physicalPartition'
  | 'indexes'
  | 'index'
  | 'tablets'
  | 'files'
  | 'skipped';

type Frame = {
  readonly place: Place;
  /** The key under which it stands. */
  readonly key: string;
  readonly isList: boolean;
  /** The keys that it had so far; in a list of files, the files. */
  readonly seen: Set<string>;
  readonly numbers: Map<string, number>;
  readonly texts: Map<string, string>;
  readonly tablets: ManifestTablet[];
  readonly files: ManifestFile[];
  /** The key whose value comes next. */
  next: string | null;
  /** How many physical partitions were inside. */
  partitions: number;
};

/** The places that are found inside a place, by key or under any key. */
const inside: Readonly<Record<Place, Readonly<Record<string, Place>> | Place>> = {
  snapshot: { backup_objects: 'tables' },
  tables: 'table',
  table: { partitions: 'partitions' },
  partitions: 'partition',
  // Up to 3.2 the indexes stand directly in the partition; later in its physical partitions, and `indexes` is empty.
  partition: { indexes: 'indexes', subPartitions: 'physicalPartitions' },
  physicalPartitions: 'physicalPartition',
  physicalPartition: { indexes: 'indexes' },
  indexes: 'index',
  index: { tablets: 'tablets' },
  tablets: 'files',
  files: 'skipped',
  skipped: 'skipped',
};

const numbersOf: Partial<Record<Place, readonly string[]>> = {
  snapshot: ['id', 'backup_time'],
  table: ['id'],
  partition: ['id', 'version'],
  physicalPartition: ['id', 'version'],
  index: ['id'],
};

const textsOf: Partial<Record<Place, readonly string[]>> = {
  snapshot: ['name', 'database', 'backup_result'],
};

const longestName = 1_024;
const longestFileName = 512;
const deepest = 64;

export type EntriesReader = {
  /** Takes the next token of the JSON text. Throws `Error` with what is wrong and where. */
  openObject(): void;
  openList(): void;
  key(text: string): void;
  text(text: string): void;
  number(digits: string): void;
  /** True, false or null. */
  other(): void;
  close(): readonly ManifestEntry[];
  /** Throws when the text ended before the manifest did. */
  end(): void;
};

/**
 * Makes entries of the tokens of a manifest. Of what it does not know (newer versions say more) only the grammar is
 * checked; what it knows must have the right type, stand there once, and be all there.
 */
export function createEntriesReader(): EntriesReader {
  const stack: Frame[] = [];
  const physicalIds = new Set<number>();
  let isOver = false;

  const top = () => stack.at(-1);
  const fail = (what: string): never => {
    throw new Error(`${what}${whereIn(stack)}`);
  };
  const open = (isList: boolean) => {
    const parent = top();
    if (stack.length >= deepest) fail('it is nested too deep');
    const place = parent === undefined ? 'snapshot' : placeInside(parent);
    if (isList !== (place === 'files') && place !== 'skipped')
      fail(
        `${parent === undefined ? 'the manifest' : quoted(parent.next ?? '')} is ${isList ? 'a list' : 'an object'}`,
      );
    stack.push(newFrame({ place, key: parent?.next ?? '', isList }));
  };
  const placeInside = (parent: Frame): Place => {
    const known = inside[parent.place];
    const place = typeof known === 'string' ? known : (known[parent.next ?? ''] ?? 'skipped');
    if (place === 'skipped' && isScalar(parent)) fail(`${quoted(parent.next ?? '')} is no single value`);
    if (parent.place === 'files') fail('a list of files holds something that is no name');
    return place;
  };
  const scalar = (kind: 'text' | 'number' | 'other', value: string) => {
    const frame = top();
    if (frame === undefined) return fail('the manifest is no object');
    if (frame.place === 'files') {
      if (kind !== 'text') fail('a list of files holds something that is no name');
      return takeFile(frame, value, fail);
    }
    if (frame.place === 'skipped' || frame.next === null) return;
    const known = inside[frame.place];
    if (typeof known === 'string' || known[frame.next] !== undefined) fail(`${quoted(frame.next)} is no object`);
    if (numbersOf[frame.place]?.includes(frame.next)) {
      const number = kind === 'number' ? wholeNumber(value) : null;
      if (number === null) return fail(`${quoted(frame.next)} is no whole number`);
      frame.numbers.set(frame.next, number);
    }
    if (textsOf[frame.place]?.includes(frame.next)) {
      if (kind !== 'text' || value.length > longestName) fail(`${quoted(frame.next)} is no text that can be a name`);
      frame.texts.set(frame.next, value);
    }
  };

  return {
    openObject: () => open(false),
    openList: () => open(true),
    key: (text) => {
      const frame = top();
      if (frame === undefined) return;
      if (text.length > longestName) fail('a name is too long');
      if (frame.place !== 'skipped') {
        if (frame.seen.has(text)) fail(`${quoted(text)} stands there twice`);
        frame.seen.add(text);
      }
      frame.next = text;
    },
    text: (text) => scalar('text', text),
    number: (digits) => scalar('number', digits),
    other: () => scalar('other', ''),
    close: () => {
      const frame = top();
      if (frame === undefined) return [];
      const entries = closeFrame(stack, { frame, physicalIds, fail });
      stack.pop();
      if (stack.length === 0) isOver = true;
      return entries;
    },
    end: () => {
      if (!isOver) fail('it ends in the middle');
    },
  };
}

type Closing = {
  readonly frame: Frame;
  readonly physicalIds: Set<number>;
  readonly fail: (what: string) => never;
};

/** Hands what a place held to the place around it, or out as an entry. */
function closeFrame(stack: readonly Frame[], { frame, physicalIds, fail }: Closing): readonly ManifestEntry[] {
  const parent = stack.at(-2);
  const number = (name: string) => frame.numbers.get(name) ?? fail(`${quoted(name)} is missing`);
  switch (frame.place) {
    case 'files': {
      const id = wholeNumber(frame.key) ?? fail(`${quoted(frame.key)} is no id of a tablet`);
      parent?.tablets.push({ id, indexId: 0, files: frame.files.length === 0 ? null : frame.files });
      return [];
    }
    case 'index': {
      const indexId = number('id');
      if (!frame.seen.has('tablets')) fail('"tablets" is missing');
      for (const tablet of frame.tablets) parent?.tablets.push({ ...tablet, indexId });
      return [];
    }
    case 'tablets':
    case 'indexes':
      for (const tablet of frame.tablets) parent?.tablets.push(tablet);
      return [];
    case 'physicalPartition': {
      if (wholeNumber(frame.key) !== number('id')) fail(`it calls itself ${number('id')}`);
      if (parent !== undefined) parent.partitions += 1;
      const [table, partition] = [stack.at(-5)?.key ?? '', stack.at(-3)?.key ?? ''];
      return [partitionEntry({ frame, table, partition, physicalIds, fail })];
    }
    case 'physicalPartitions':
      if (parent !== undefined) parent.partitions += frame.partitions;
      return [];
    case 'partition': {
      const own = frame.tablets.length > 0;
      number('id');
      if (own && frame.partitions > 0) fail('it has tablets of its own and physical partitions');
      if (!own && frame.partitions === 0) fail('it has no tablets');
      if (parent !== undefined) parent.partitions += own ? 1 : frame.partitions;
      if (!own) return [];
      return [partitionEntry({ frame, table: stack.at(-3)?.key ?? '', partition: frame.key, physicalIds, fail })];
    }
    case 'partitions':
      if (parent !== undefined) parent.partitions += frame.partitions;
      return [];
    case 'table':
      if (!frame.seen.has('partitions')) fail('"partitions" is missing');
      return [{ kind: 'table', name: frame.key, id: number('id'), partitions: frame.partitions }];
    case 'snapshot':
      return [snapshotEntry(frame, fail)];
    case 'tables':
    case 'skipped':
      return [];
    default:
      return frame.place satisfies never;
  }
}

type NewPartition = Closing & { readonly table: string; readonly partition: string };

function partitionEntry({ frame, table, partition, physicalIds, fail }: NewPartition): ManifestEntry {
  const id = frame.numbers.get('id') ?? fail('"id" is missing');
  const version = frame.numbers.get('version') ?? fail('"version" is missing');
  if (frame.tablets.length === 0) fail('it has no tablets');
  if (physicalIds.has(id)) fail(`the physical partition ${id} stands there twice`);
  physicalIds.add(id);
  return { kind: 'partition', table, name: partition, id, version, tablets: frame.tablets };
}

function snapshotEntry(frame: Frame, fail: (what: string) => never): ManifestEntry {
  const text = (name: string) => frame.texts.get(name) ?? fail(`${quoted(name)} is missing`);
  const number = (name: string) => frame.numbers.get(name) ?? fail(`${quoted(name)} is missing`);
  if (!frame.seen.has('backup_objects')) fail('"backup_objects" is missing');
  if (text('backup_result') !== 'succeed') fail(`StarRocks wrote the result ${quoted(text('backup_result'))}`);
  return {
    kind: 'snapshot',
    name: text('name'),
    database: text('database'),
    databaseId: number('id'),
    createdAt: new Date(number('backup_time')),
    bytes: 0,
  };
}

function takeFile(frame: Frame, text: string, fail: (what: string) => never): void {
  if (text.length > longestFileName || !/^[^/\\\p{Cc}]+$/u.test(text) || text === '.' || text === '..')
    fail(`${quoted(text)} is no name of a file`);
  if (frame.seen.has(text)) fail(`the file ${quoted(text)} stands there twice`);
  frame.seen.add(text);
  frame.files.push(fileOf(text));
}

/** `name.<32 hex digits>`, or a name without a checksum. */
export function fileOf(text: string): ManifestFile {
  const parts = /^(.+)\.([0-9a-f]{32})$/.exec(text);
  return parts === null ? { name: text, md5: null } : { name: parts[1] ?? '', md5: parts[2] ?? null };
}

function newFrame({ place, key, isList }: Pick<Frame, 'place' | 'key' | 'isList'>): Frame {
  return {
    place,
    key,
    isList,
    seen: new Set(),
    numbers: new Map(),
    texts: new Map(),
    tablets: [],
    files: [],
    next: null,
    partitions: 0,
  };
}

function isScalar({ place, next }: Frame): boolean {
  const names = [...(numbersOf[place] ?? []), ...(textsOf[place] ?? [])];
  return next !== null && names.includes(next);
}

function wholeNumber(digits: string): number | null {
  const number = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(number) ? number : null;
}

const longestQuoted = 80;

function quoted(text: string): string {
  return JSON.stringify(text.length > longestQuoted ? `${text.slice(0, longestQuoted)}…` : text);
}

const namedPlaces: Partial<Record<Place, string>> = {
  table: 'table',
  partition: 'partition',
  physicalPartition: 'physical partition',
  index: 'index',
  files: 'tablet',
};

/** ` in tablet "18160", index "t", partition "p1", table "parted"`; the innermost comes first. */
function whereIn(stack: readonly Frame[]): string {
  const places = stack.flatMap(({ place, key }) => {
    const name = namedPlaces[place];
    return name === undefined ? [] : [`${name} ${quoted(key)}`];
  });
  return places.length === 0 ? '' : ` in ${places.reverse().join(', ')}`;
}
