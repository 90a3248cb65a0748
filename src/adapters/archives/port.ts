export type ArchiveCall = {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call. Default 10,000; `examine` 30 minutes, `withFetched` 5 hours without what `use` takes. */
  readonly timeoutMs?: number;
};

export type ExamineCall = ArchiveCall & {
  /** Called now and then with the bytes read so far, for progress. */
  readonly onBytes?: (bytes: number) => void;
};

export type FetchCall = ArchiveCall & {
  /** Called now and then with the bytes that are here, and the bytes of the whole where the server told them. */
  readonly onProgress?: (bytes: number, wholeBytes: number | null) => void;
};

export type ArchiveMember = {
  /** As the archive has it; blanks, line breaks and what is no ASCII are escaped. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** Where a link leads; null = it is none. */
  readonly target: string | null;
};

/** An archive that was read from its first to its last byte. */
export type ExaminedArchive = {
  readonly sizeBytes: number;
  /** Of the bytes that were read; 64 hexadecimal digits, lower case. */
  readonly sha256: string;
  /** What the archive holds, in its order; at most 100,000 of them. Cut short when `unreadable` is set. */
  readonly members: readonly ArchiveMember[];
  /** Why it is no whole gzipped tar, in words; null = it is one. */
  readonly unreadable: string | null;
};

/** What a server says of a file that it would hand out. */
export type RemoteArchive = { readonly status: number; readonly sizeBytes: number | null };

/** An archive at an address, told from others by its sum. */
export type ArchiveAtUrl = { readonly url: string; readonly sha256: string };

/** An archive on this machine that was fetched, whose sum is the one that was wanted. */
export type FetchedArchive = ExaminedArchive & { readonly path: string };

/**
 * Release archives as this process sees them: files on its own machine, and addresses. Nothing on a cluster or its hosts is
 * changed. Throws `AppError` `NOT_FOUND` (no readable regular file there), `HTTP_FAILED` (the server did not answer, or
 * does not give it), `PRECONDITION_FAILED` (another sum, or no room to keep it), `TIMEOUT`, `CANCELED`.
 */
export interface Archives {
  /** The size of the file in bytes, which is as cheap as it sounds. */
  sizeOf(path: string, call?: ArchiveCall): Promise<number>;
  /** Reads the whole file once. A file that is no archive is a result, not an error. */
  examine(path: string, call?: ExamineCall): Promise<ExaminedArchive>;
  /** `HEAD`, redirects followed. An HTTP error is a result, not an error. */
  head(url: string, call?: ArchiveCall): Promise<RemoteArchive>;
  /** What was found in an archive that was fetched before and is still here; null = it is not here. Fetches nothing. */
  stored(sha256: string): Promise<ExaminedArchive | null>;
  /**
   * Fetches the archive unless it is here, and hands it to `use`, for as long as which it is not removed. Whoever wants the
   * same one at the same time waits for that one fetch; what an earlier one left is gone on with.
   */
  withFetched<T>(wanted: ArchiveAtUrl, call: FetchCall, use: (archive: FetchedArchive) => Promise<T>): Promise<T>;
}
