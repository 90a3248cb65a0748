export type ArchiveCall = {
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call. Default 10,000; `examine` 30 minutes. */
  readonly timeoutMs?: number;
};

export type ExamineCall = ArchiveCall & {
  /** Called now and then with the bytes read so far, for progress. */
  readonly onBytes?: (bytes: number) => void;
};

/** An archive that was read from its first to its last byte. */
export type ExaminedArchive = {
  readonly sizeBytes: number;
  /** Of the bytes that were read; 64 hexadecimal digits, lower case. */
  readonly sha256: string;
  /** What the archive names, in its order; at most 100,000 of them. Cut short when `unreadable` is set. */
  readonly members: readonly string[];
  /** Why it is no whole gzipped tar, in the words of the program that read it; null = it is one. */
  readonly unreadable: string | null;
};

/** What a server says of a file that it would hand out. */
export type RemoteArchive = { readonly status: number; readonly sizeBytes: number | null };

/**
 * Release archives as this process sees them: files on its own machine, and addresses that nodes will fetch from. It
 * changes nothing. Throws `AppError` `NOT_FOUND` (no readable regular file there), `HTTP_FAILED` (the server did not
 * answer; retryable), `TIMEOUT`, `CANCELED`.
 */
export interface Archives {
  /** The size of the file in bytes, which is as cheap as it sounds. */
  sizeOf(path: string, call?: ArchiveCall): Promise<number>;
  /** Reads the whole file once. A file that is no archive is a result, not an error. */
  examine(path: string, call?: ExamineCall): Promise<ExaminedArchive>;
  /** `HEAD`, redirects followed. An HTTP error is a result, not an error. */
  head(url: string, call?: ArchiveCall): Promise<RemoteArchive>;
}
