import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findManifest, readManifest } from '../../../src/adapters/object-store/read-manifest.ts';
import type { ManifestEntry } from '../../../src/domain/backup/manifest.ts';
import { AppError } from '../../../src/errors.ts';
import { md5, objectsOf } from '../../helpers/objects.ts';

const of = { snapshot: 'full1', timestamp: '2026-11-27-09-38-34-376' };

/** As a 3.5 frontend wrote it: physical partitions, and tablets without files. */
const recorded =
  '{"database":"sales","meta_version":92,"backup_time":1795772314376,"name":"full1","starrocks_meta_version":4,"backup_result":"succeed","id":18040,"backup_objects":{"parted":{"partitions":{"p1":{"indexes":{},"id":18155,"version_hash":0,"version":1,"subPartitions":{"18159":{"indexes":{"parted":{"schema_hash":761464145,"tablets_order":["18160","18162"],"id":18158,"tablets":{"18160":[],"18162":[]}}},"id":18159,"version":1}}},"p2":{"indexes":{},"id":18156,"version_hash":0,"version":1,"subPartitions":{"18164":{"indexes":{"parted":{"schema_hash":761464145,"tablets_order":["18165","18167"],"id":18158,"tablets":{"18165":[],"18167":[]}}},"id":18164,"version":1}}}},"id":18157},"v1":{"partitions":{},"id":18147}}}';

const file = `${'a'.repeat(20)}_0.dat.${md5('x')}`;

function manifest(changes: Record<string, unknown> = {}): string {
  return JSON.stringify({
    name: 'full1',
    database: 'sales',
    id: 7,
    backup_time: 1_795_772_314_376,
    backup_result: 'succeed',
    backup_objects: { t: table() },
    ...changes,
  });
}

function table(partition: Record<string, unknown> = {}): Record<string, unknown> {
  const indexes = { t: { id: 3, schema_hash: 1, tablets: { 10: [file, '10.hdr'], 11: [] } } };
  return { id: 2, partitions: { p1: { id: 4, version: 9, indexes, ...partition } } };
}

async function all(entries: AsyncIterable<ManifestEntry>): Promise<ManifestEntry[]> {
  const found: ManifestEntry[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

function stored(text: string, name = md5(text)) {
  return objectsOf(new Map([[`__ss_full1/__info_${of.timestamp}.${name}`, { content: text }]]));
}

async function entriesOf(text: string, name?: string): Promise<ManifestEntry[]> {
  return await all(readManifest(stored(text, name), of));
}

async function refusal(text: string, name?: string): Promise<AppError> {
  const error = await entriesOf(text, name).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  return error;
}

describe('the manifest of a snapshot', () => {
  it('is read as a real frontend writes it, with physical partitions and without files', async () => {
    expect(await entriesOf(recorded)).toEqual([
      {
        kind: 'partition',
        table: 'parted',
        name: 'p1',
        id: 18159,
        version: 1,
        tablets: [
          { id: 18160, indexId: 18158, files: null },
          { id: 18162, indexId: 18158, files: null },
        ],
      },
      {
        kind: 'partition',
        table: 'parted',
        name: 'p2',
        id: 18164,
        version: 1,
        tablets: [
          { id: 18165, indexId: 18158, files: null },
          { id: 18167, indexId: 18158, files: null },
        ],
      },
      { kind: 'table', name: 'parted', id: 18157, partitions: 2 },
      { kind: 'table', name: 'v1', id: 18147, partitions: 0 },
      {
        kind: 'snapshot',
        name: 'full1',
        database: 'sales',
        databaseId: 18040,
        createdAt: new Date(1_795_772_314_376),
        bytes: Buffer.byteLength(recorded),
      },
    ]);
  });

  it('is read as older versions write it, with indexes directly in the partition and names of files', async () => {
    const [partition] = await entriesOf(manifest());
    expect(partition).toEqual({
      kind: 'partition',
      table: 't',
      name: 'p1',
      id: 4,
      version: 9,
      tablets: [
        {
          id: 10,
          indexId: 3,
          files: [
            { name: `${'a'.repeat(20)}_0.dat`, md5: md5('x') },
            { name: '10.hdr', md5: null },
          ],
        },
        { id: 11, indexId: 3, files: null },
      ],
    });
  });

  it('says nothing else when members that this version does not know stand in it', async () => {
    const known = await entriesOf(manifest());
    const more = await entriesOf(
      manifest({ functions: [{ id: [1, null, true] }], catalogs: { c: { files: ['/x'] } } }),
    );
    expect(more.map(({ kind }) => kind)).toEqual(known.map(({ kind }) => kind));
  });

  it.each([
    [
      'a name with a path',
      table({ indexes: { t: { id: 3, tablets: { 10: ['../../x'] } } } }),
      /"\.\.\/\.\.\/x" is no name of a file in tablet "10"/,
    ],
    ['the name ..', table({ indexes: { t: { id: 3, tablets: { 10: ['..'] } } } }), /"\.\." is no name of a file/],
    ['a control character', table({ indexes: { t: { id: 3, tablets: { 10: ['a\nb'] } } } }), /is no name of a file/],
    [
      'a file twice',
      table({ indexes: { t: { id: 3, tablets: { 10: [file, file] } } } }),
      /stands there twice in tablet "10", index "t", partition "p1", table "t"/,
    ],
    [
      'a tablet that is a path',
      table({ indexes: { t: { id: 3, tablets: { '../1': [] } } } }),
      /"\.\.\/1" is no id of a tablet/,
    ],
    [
      'files that are no list',
      table({ indexes: { t: { id: 3, tablets: { 10: {} } } } }),
      /"10" is an object in index "t"/,
    ],
    [
      'a number among files',
      table({ indexes: { t: { id: 3, tablets: { 10: [7] } } } }),
      /holds something that is no name in tablet "10"/,
    ],
    [
      'a list among files',
      table({ indexes: { t: { id: 3, tablets: { 10: [[]] } } } }),
      /holds something that is no name/,
    ],
    ['an index that is a text', table({ indexes: { t: 'x' } }), /"t" is no object in partition "p1", table "t"/],
    ['indexes that are null', table({ indexes: null }), /"indexes" is no object/],
    ['no tablets at all', table({ indexes: {} }), /it has no tablets in partition "p1", table "t"/],
    ['an index without tablets', table({ indexes: { t: { id: 3 } } }), /"tablets" is missing in index "t"/],
    ['a version that is a text', table({ version: '9' }), /"version" is no whole number/],
    ['a version beyond what a number holds', table({ version: 1e300 }), /"version" is no whole number/],
    ['a negative id', table({ id: -4 }), /"id" is no whole number/],
    ['an id that is an object', table({ id: {} }), /"id" is no single value/],
    [
      'a physical partition under another id',
      table({ indexes: {}, subPartitions: { 5: { id: 6, version: 1, indexes: {} } } }),
      /it calls itself 6 in physical partition "5"/,
    ],
  ])('with %s is refused with what is wrong and where', async (_what, broken, message) => {
    const error = await refusal(manifest({ backup_objects: { t: broken } }));
    expect(error.code).toBe('BACKUP_DAMAGED');
    expect(error.message).toMatch(message);
  });

  it.each([
    ['is a list', '[]', /the manifest is a list/],
    ['is a number', '7', /the manifest is no object/],
    ['is empty', '', /value|ends/],
    ['has text behind its end', `${manifest()} {}`, /./],
    ['is of another snapshot', manifest({ name: 'other' }), /says that it is of "other"/],
    ['says that the backup failed', manifest({ backup_result: 'failed' }), /wrote the result "failed"/],
    ['names no objects', manifest({ backup_objects: undefined }), /"backup_objects" is missing/],
    [
      'has a table twice',
      manifest().replace('"t":{"id":2', '"t":{"id":1,"partitions":{}},"t":{"id":2'),
      /"t" stands there twice/,
    ],
    ['has an id twice', manifest().replace('"id":7', '"id":7,"id":8'), /"id" stands there twice/],
    ['nests without end', `${'['.repeat(20_000)}`, /./],
    [
      'nests without end inside',
      manifest({ more: 1 }).replace('"more":1', `"more":${'['.repeat(200_000)}`),
      /nested too deep/,
    ],
    ['has a text without end', `{"name":"${'x'.repeat(3_000_000)}`, /far too long|no text/],
  ])('that %s is refused', async (_what, text, message) => {
    const error = await refusal(text);
    expect(error.code).toBe('BACKUP_DAMAGED');
    expect(error.message).toMatch(message);
  });

  it('is refused wherever it was cut off, also under the name of what is left', async () => {
    const whole = manifest();
    for (let length = 0; length < whole.length; length += 7) {
      expect((await refusal(whole.slice(0, length))).code).toBe('BACKUP_DAMAGED');
    }
  });

  it('is refused when its content is not what the MD5 in its name says', async () => {
    const error = await refusal(manifest(), md5('something else'));
    expect(error.message).toMatch(/does not have the MD5 that its name says/);
  });

  it('is refused when it is no UTF-8', async () => {
    const text = manifest();
    const bytes = Buffer.from(text.replace('sales', 'sal\u00e9s'), 'latin1');
    const name = md5(bytes);
    const reader = {
      ...stored(text, name),
      read: async function* () {
        yield bytes;
      },
    };
    await expect(all(readManifest(reader, of))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  });

  it('is not found where there is none, and not chosen where there are two', async () => {
    await expect(findManifest(objectsOf(new Map()), of)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const key = (name: string) => `__ss_full1/__info_${of.timestamp}.${md5(name)}`;
    const two = objectsOf(new Map([key('a'), key('b')].map((each) => [each, { content: '{}' }])));
    await expect(findManifest(two, of)).rejects.toThrow(/two manifests/);
    await expect(findManifest(objectsOf(new Map()), { ...of, snapshot: '../up' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('of 100,000 partitions is read in pieces, whatever it weighs', async () => {
    let [partitions, files, most] = [0, 0, 0];
    const before = process.memoryUsage().rss;
    const big = bigManifest(100_000, 3);
    for await (const entry of readManifest(big, of)) {
      if (entry.kind !== 'partition') continue;
      partitions += 1;
      for (const tablet of entry.tablets) files += tablet.files?.length ?? 0;
      if (partitions % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss - before);
    }
    expect({ partitions, files }).toEqual({ partitions: 100_000, files: 300_000 });
    expect(most / 1e6).toBeLessThan(200);
  });
});

/** A store that makes the manifest while it is read. */
function bigManifest(partitions: number, files: number) {
  const text = function* () {
    yield '{"name":"full1","database":"d","id":1,"backup_time":1,"backup_result":"succeed","backup_objects":{"t":{"partitions":{';
    for (let p = 0; p < partitions; p += 1) {
      const names = Array.from(
        { length: files },
        (_, n) => `"02${String(p).padStart(20, '0')}_${n}.dat.${'0'.repeat(32)}"`,
      );
      const indexes = `{"t":{"id":2,"tablets":{"${p + 2_000_000}":[${names.join(',')}]}}}`;
      yield `${p === 0 ? '' : ','}"p${p}":{"indexes":{},"id":${p},"version":2,"subPartitions":{"${p + 1_000_000}":{"id":${p + 1_000_000},"version":2,"indexes":${indexes}}}}`;
    }
    yield '},"id":9}}}';
  };
  return {
    ...objectsOf(new Map([[`__ss_full1/__info_${of.timestamp}.${md5OfAll(text())}`, { content: '' }]])),
    read: async function* () {
      for (const piece of text()) yield Buffer.from(piece);
    },
  };
}

function md5OfAll(pieces: Iterable<string>): string {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
