import { createHash } from 'node:crypto';
import { z } from 'zod';

/** The objects of one repository, past whatever the product reads them with; keys are relative to its root. */
export type Bucket = {
  list(prefix: string): Promise<readonly string[]>;
  read(key: string): Promise<Buffer>;
};

export type Row = readonly (string | null)[];

/** What lies in a snapshot, read by this file alone: the product's own reader is what is tried with it. */
export type Snapshot = {
  /** By the id of the physical partition. */
  readonly partitions: ReadonlyMap<number, SnapshotPartition>;
};
export type SnapshotPartition = {
  readonly table: string;
  readonly partition: string;
  readonly version: number;
  readonly rows: readonly Row[];
};

const index = z.object({ tablets_order: z.array(z.string()) });
const physical = z.object({ id: z.number(), version: z.number(), indexes: z.record(z.string(), index) });
const infoShape = z.object({
  backup_objects: z.record(
    z.string(),
    z.object({
      id: z.number(),
      partitions: z.record(z.string(), physical.extend({ subPartitions: z.record(z.string(), physical).optional() })),
    }),
  ),
});
const headerShape = z.object({ mergeKeys: z.array(z.number()) });
const rowShape = z.array(z.string().nullable());

/** Reads all of a snapshot: its manifest, and the rows of every tablet it names. Checks the sum of every object that it reads. */
export async function readSnapshot(bucket: Bucket, snapshot: string): Promise<Snapshot> {
  const root = `__ss_${snapshot}/`;
  const keys = await bucket.list(root);
  const infos = keys.filter((key) => key.startsWith(`${root}__info_`));
  const [info] = infos;
  if (info === undefined || infos.length > 1) throw new Error(`${snapshot} has ${infos.length} manifests`);
  const { backup_objects: objects } = infoShape.parse(JSON.parse((await readSound(bucket, info)).toString('utf8')));
  const partitions = new Map<number, SnapshotPartition>();
  for (const [table, { partitions: found }] of Object.entries(objects)) {
    for (const [partition, { subPartitions, ...whole }] of Object.entries(found)) {
      for (const { id, version, indexes } of Object.values(subPartitions ?? { whole })) {
        const rows: Row[] = [];
        for (const tablet of Object.values(indexes).flatMap(({ tablets_order: order }) => order)) {
          const place = keys.filter((key) => key.includes(`/__part_${id}/`) && key.includes(`/__${tablet}/`));
          rows.push(...(await readTablet(bucket, place)));
        }
        partitions.set(id, { table, partition, version, rows });
      }
    }
  }
  return { partitions };
}

/** The rows of a tablet: one file for each version, merged by key where its header says so. */
async function readTablet(bucket: Bucket, keys: readonly string[]): Promise<readonly Row[]> {
  const named = keys.map((key) => ({ key, name: key.slice(key.lastIndexOf('/') + 1) }));
  const header = named.find(({ name }) => name.startsWith('tablet.hdr.'));
  if (header === undefined) throw new Error(`a tablet has no header among ${keys.join(', ')}`);
  const { mergeKeys } = headerShape.parse(JSON.parse((await readSound(bucket, header.key)).toString('utf8')));
  const files = named
    .filter(({ name }) => /^\d+\.dat\./.test(name))
    .toSorted((a, b) => Number.parseInt(a.name, 10) - Number.parseInt(b.name, 10));
  const rows: Row[] = [];
  for (const { key } of files) {
    const lines = (await readSound(bucket, key))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    rows.push(...lines.map((line) => rowShape.parse(JSON.parse(line))));
  }
  if (mergeKeys.length === 0) return rows;
  const merged = new Map(rows.map((row) => [JSON.stringify(mergeKeys.map((at) => row[at] ?? null)), row]));
  return [...merged.values()];
}

async function readSound(bucket: Bucket, key: string): Promise<Buffer> {
  const content = await bucket.read(key);
  const sum = createHash('md5').update(content).digest('hex');
  if (!key.endsWith(`.${sum}`)) throw new Error(`${key} has the sum ${sum}`);
  return content;
}
