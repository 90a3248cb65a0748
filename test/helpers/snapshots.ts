import { type HeldObject, md5 } from './objects.ts';

export const snapshotName = { snapshot: 'sales_1', timestamp: '2026-11-27-09-38-34-376' };

type Built = { readonly objects: Map<string, HeldObject>; readonly keys: readonly string[] };

/**
 * The objects of a snapshot of two tables, as StarRocks lays them down: `parted` with the partitions p1 and p2 of two tablets
 * each, and `orders` with one. `namesFiles` = as old versions write the manifest.
 */
export function buildSnapshot({ namesFiles = false }: { namesFiles?: boolean } = {}): Built {
  const objects = new Map<string, HeldObject>();
  const put = (path: string, content: string) => {
    const key = `__ss_${snapshotName.snapshot}/${path}.${md5(content)}`;
    objects.set(key, { content });
    return key;
  };
  const tablet = (table: number, partition: number, id: number) => {
    const dir = `__ss_content/__db_1/__tbl_${table}/__part_${partition}/__idx_${table + 1}/__${id}`;
    const keys = [
      put(`${dir}/${id}.hdr`, `header of ${id}`),
      put(`${dir}/0200_0.dat`, `rows of ${id}`),
      put(`${dir}/0200_1.dat`, `more rows of ${id}`),
    ];
    return namesFiles ? keys.map((key) => key.slice(key.lastIndexOf('/') + 1)) : [];
  };
  const partition = (table: number, id: number, tablets: readonly number[]) => {
    const files = Object.fromEntries(tablets.map((each) => [each, tablet(table, id, each)]));
    const indexes = { t: { id: table + 1, schema_hash: 1, tablets: files, tablets_order: tablets.map(String) } };
    return namesFiles
      ? { id, version: 2, version_hash: 0, indexes }
      : {
          id: id + 1_000,
          version: 2,
          version_hash: 0,
          indexes: {},
          subPartitions: { [id]: { id, version: 2, indexes } },
        };
  };
  const manifest = {
    name: snapshotName.snapshot,
    database: 'sales',
    id: 1,
    backup_time: 1_795_772_314_376,
    backup_result: 'succeed',
    backup_objects: {
      parted: { id: 10, partitions: { p1: partition(10, 20, [101, 102]), p2: partition(10, 21, [103, 104]) } },
      orders: { id: 12, partitions: { orders: partition(12, 22, [105]) } },
      v1: { id: 14, partitions: {} },
    },
  };
  put('__meta', 'what the tables were like');
  put(`__info_${snapshotName.timestamp}`, JSON.stringify(manifest));
  return { objects, keys: [...objects.keys()].sort() };
}

/** The key of the first object whose path contains the text. */
export function keyWith(objects: ReadonlyMap<string, HeldObject>, part: string): string {
  const key = [...objects.keys()].find((each) => each.includes(part));
  if (key === undefined) throw new Error(`no key has ${part}`);
  return key;
}
