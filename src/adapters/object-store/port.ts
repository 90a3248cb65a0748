import type { Repository } from '../../domain/backup/repository.ts';

/** An object, by its key under the repository's own root (`__starrocks_repository_<name>/`). */
export type StoredObject = {
  /** As the store gives it: a key that somebody else chose may hold anything (`../up`), and must not become a path. */
  readonly key: string;
  readonly size: number;
  /** As the store gives it, without quotes: the MD5 of the content if it was uploaded in one part and not encrypted by a key service. */
  readonly etag: string;
  readonly modifiedAt: Date | null;
};

export type StoreCall = {
  readonly signal?: AbortSignal;
  /** Milliseconds for one request with its retries, of a list for each page, of a content for each piece. Default 30,000. */
  readonly timeoutMs?: number;
};

/**
 * The objects of one repository. Every key is relative to the repository's root, and nothing outside of it can be reached:
 * a key or prefix that could lead out of it (a part that is empty, `.` or `..`, a control character) is `INVALID_INPUT`
 * before anything is sent. Throws `AppError` with an `OBJECT_STORE_…` code that says what is wrong (endpoint, region,
 * address style, key, clock, right, bucket, room), and `CANCELED`.
 */
export interface ObjectReader {
  /** All objects whose key begins with the prefix, in order of the keys' bytes, page by page. `''` = all. */
  list(prefix: string, call?: StoreCall): AsyncIterable<StoredObject>;
  /** Null = there is no such object. */
  head(key: string, call?: StoreCall): Promise<StoredObject | null>;
  /** The content in pieces. Throws `NOT_FOUND`, and `OBJECT_STORE_BROKE_OFF` when it ends before its size is reached. */
  read(key: string, call?: StoreCall): AsyncIterable<Uint8Array>;
}

export interface ObjectStore extends ObjectReader {
  put(key: string, content: Uint8Array, call?: StoreCall): Promise<void>;
  /**
   * Removes objects of one snapshot; keys that do not begin with `__ss_<snapshot>/` are refused before anything is sent.
   * An object that is not there counts as removed. Answers how many the store says are removed, which is all of them:
   * when one cannot be removed it throws, and others may be gone by then. Removed = not listed any more: `versionsKept` is
   * of how many a bucket with versions keeps what they were.
   */
  removeOfSnapshot(
    snapshot: string,
    keys: readonly string[],
    call?: StoreCall,
  ): Promise<{ readonly removed: number; readonly versionsKept: number }>;
  /** Removes one object that was put by `put`. */
  remove(key: string, call?: StoreCall): Promise<void>;
}

/** Where a repository is and how it is reached, whether it is recorded or not. */
export type StorePlace = Pick<Repository, 'name' | 'location' | 'access'>;
