import { createHash } from 'node:crypto';
import type { ObjectReader, StoredObject } from '../../src/adapters/object-store/port.ts';
import { AppError } from '../../src/errors.ts';

export function md5(content: string | Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}

export type HeldObject = { readonly content: string; readonly etag?: string };

/** A repository in memory: objects by key. `reads` collects the keys whose content was asked for. */
export function objectsOf(held: ReadonlyMap<string, HeldObject>, reads: string[] = []): ObjectReader {
  const stored = (key: string, { content, etag }: HeldObject): StoredObject => ({
    key,
    size: Buffer.byteLength(content),
    etag: etag ?? md5(content),
    modifiedAt: null,
  });
  return {
    list: async function* (prefix, call) {
      for (const key of [...held.keys()].sort()) {
        call?.signal?.throwIfAborted();
        const object = held.get(key);
        if (key.startsWith(prefix) && object !== undefined) yield stored(key, object);
      }
    },
    head: async (key) => {
      const object = held.get(key);
      return object === undefined ? null : stored(key, object);
    },
    read: async function* (key, call) {
      const object = held.get(key);
      if (object === undefined) throw new AppError('NOT_FOUND', `There is no object ${key}`);
      reads.push(key);
      const bytes = Buffer.from(object.content);
      for (let from = 0; from < bytes.length; from += 100_000) {
        call?.signal?.throwIfAborted();
        yield bytes.subarray(from, from + 100_000);
      }
    },
  };
}
