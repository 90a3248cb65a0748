export type ArchiveCall = {
  readonly signal?: AbortSignal;
  /**
   * Milliseconds for the whole call. Default 10,000; `examine` 30 minutes, `withFetched` 5 hours, not counting the time
   * of `use`.
   */
  readonly timeoutMs?: number;
};

export type ExamineCall = ArchiveCall & {
  /** Called now and then with the bytes read so far, for progress. */
  readonly onBytes?: (bytes: number) => void;
};

export type FetchCall = ArchiveCall & {
  /** Called now and then with the bytes that are here, and with the size of the whole where the server gave it. */
  readonly onProgress?: (bytes: number, wholeBytes: number | null) => void;
};

export type ArchiveMember = {
  /** As the archive has it; blanks, line breaks and characters that are not ASCII are escaped. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** Where a link leads; null = the member is not a link. */
  readonly target: string | null;
};

/** An archive that was read from its first to its last byte. */
export type ExaminedArchive = {
  readonly sizeBytes: number;
  /** Of the bytes that were read; 64 hexadecimal digits, lower case. */
  readonly sha256: string;
  /** What the archive holds, in its order; at most 100,000 members. Incomplete when `unreadable` is set. */
  readonly members: readonly ArchiveMember[];
  /** Why this is not a whole gzipped tar, as a sentence; null = it is one. */
  readonly unreadable: string | null;
};

/** What a server says of a file that it would hand out. */
export type RemoteArchive = { readonly status: number; readonly sizeBytes: number | null };

/** An archive at a URL, identified by its checksum. */
export type ArchiveAtUrl = { readonly url: string; readonly sha256: string };

/** An archive that was fetched to this machine and has the checksum that was wanted. */
export type FetchedArchive = ExaminedArchive & { readonly path: string };

/**
 * Release archives as this process sees them: files on its own machine, and URLs. Nothing on a cluster or its hosts is
 * changed. Throws `AppError` `NOT_FOUND` (no readable regular file there), `HTTP_FAILED` (the server did not answer, or
 * does not hand it out), `PRECONDITION_FAILED` (another checksum, or no room to keep it), `TIMEOUT`, `CANCELED`.
 */
export interface Archives {
  /** The size of the file in bytes; a cheap call. */
  sizeOf(path: string, call?: ArchiveCall): Promise<number>;
  /** Reads the whole file once. A file that is no archive is a result, not an error. */
  examine(path: string, call?: ExamineCall): Promise<ExaminedArchive>;
  /** `HEAD`, redirects followed. An HTTP error is a result, not an error. */
  head(url: string, call?: ArchiveCall): Promise<RemoteArchive>;
  /** What was found in an archive that was fetched before and is still here; null = it is not here. Fetches nothing. */
  stored(sha256: string): Promise<ExaminedArchive | null>;
  /**
   * Fetches the archive unless it is here, and hands it to `use`; it is not removed before `use` has ended. Callers that
   * want the same archive at the same time wait for one fetch; a fetch that was broken off is continued.
   */
  withFetched<T>(wanted: ArchiveAtUrl, call: FetchCall, use: (archive: FetchedArchive) => Promise<T>): Promise<T>;
}
