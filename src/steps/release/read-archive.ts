import type { Archives, ExaminedArchive } from '../../adapters/archives/port.ts';
import type { Release } from '../../domain/upgrade/release.ts';

export type Reading = {
  readonly archives: Archives;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

const mebibyte = 1_048_576;
const tellEveryBytes = 512 * mebibyte;

/**
 * Reads the archive of a release from its first to its last byte; an archive at a URL is fetched first, unless it is here
 * already. Null = the hosts fetch it or have it, and there is nothing here to read.
 */
export async function readArchive(
  { source: { kind, location }, sha256 }: Pick<Release, 'source' | 'sha256'>,
  { archives, signal, log }: Reading,
): Promise<ExaminedArchive | null> {
  switch (kind) {
    case 'PATH':
      return archives.examine(location, { signal, onBytes: tellEach((text) => log(`${text} of ${location} read`)) });
    case 'URL': {
      const onProgress = tellEach((text) => log(`${text} of ${location} fetched`));
      return archives.withFetched({ url: location, sha256 }, { signal, onProgress }, async (archive) => archive);
    }
    case 'HOST_URL':
    case 'ON_NODE':
      return null;
    default:
      return kind satisfies never;
  }
}

function tellEach(tell: (text: string) => void): (bytes: number) => void {
  let tellAt = tellEveryBytes;
  return (bytes) => {
    if (bytes < tellAt) return;
    tellAt = bytes - (bytes % tellEveryBytes) + tellEveryBytes;
    tell(`${Math.round(bytes / mebibyte)} MiB`);
  };
}
