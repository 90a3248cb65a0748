import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { mistakesOf } from '../../domain/mistakes.ts';
import type { ReleaseSource } from '../../domain/upgrade/release.ts';
import { AppError } from '../../errors.ts';
import type { Reading } from '../../operations/define.ts';
import { absolutePath } from '../../operations/input/fields.ts';

/** A larger archive would keep the request waiting: staging reads it from its first to its last byte anyway. */
const largestReadBytes = 64 * 1_048_576;
const headTimeoutMs = 3_000;

type Inspection = {
  readonly archives: Reading['archives'];
  /** The directory in which paths have to be; null = paths are refused. */
  readonly directory: string | null;
  readonly sha256: string;
};

/** The source as it is kept: a real path or a plain URL, and what can be known of the archive now. */
export type InspectedSource = { readonly location: string; readonly sizeBytes: number | null };

/**
 * Inspects the place where an archive should be. Throws `INVALID_INPUT` or `NOT_FOUND`, both with the path of the
 * argument.
 */
export async function inspectSource(
  { kind, location }: ReleaseSource,
  inspection: Inspection,
): Promise<InspectedSource> {
  switch (kind) {
    case 'PATH':
      return inspectFile(checkPath(location), inspection);
    case 'URL':
    case 'HOST_URL':
      return inspectUrl(checkUrl(location), inspection);
    case 'ON_NODE':
      return { location: checkPath(location), sizeBytes: null };
    default:
      return kind satisfies never;
  }
}

function checkPath(location: string): string {
  const parsed = absolutePath.safeParse(location);
  if (parsed.success) return parsed.data;
  throw refuse(
    mistakesOf(parsed.error, location, 'The path')[0]?.message ?? 'An absolute path',
    'Give it as it stands on the machine.',
  );
}

/** Both sides are resolved before they are compared, so that no link leads out of the directory. */
async function inspectFile(path: string, { archives, directory, sha256 }: Inspection): Promise<InspectedSource> {
  if (directory === null) {
    throw refuse(
      'Starwarden has no directory of releases',
      'Set STARWARDEN_RELEASES_DIR, or register a URL or a path on the nodes.',
    );
  }
  const root = await realpath(directory).catch((cause) => {
    throw refuse(`${directory} cannot be read`, 'STARWARDEN_RELEASES_DIR names it.', cause);
  });
  // a path outside is refused before it is read: nobody shall learn whether it exists
  if (!isInside(path, directory) && !isInside(path, root)) throw outside(directory);
  const location = await realpath(path).catch((cause) => {
    throw missing('There is no such file', cause);
  });
  if (!isInside(location, root)) throw outside(directory);
  await access(location, constants.R_OK).catch((cause) => {
    throw missing('The file cannot be read', cause);
  });
  const sizeBytes = await archives.sizeOf(location).catch((cause: unknown) => {
    throw cause instanceof AppError && cause.code === 'NOT_FOUND' ? missing('That is no regular file', cause) : cause;
  });
  if (sizeBytes <= largestReadBytes) await compareChecksum(location, { archives, sha256 });
  return { location, sizeBytes };
}

async function compareChecksum(location: string, { archives, sha256 }: Pick<Inspection, 'archives' | 'sha256'>) {
  const found = await archives.examine(location, { timeoutMs: 30_000 });
  if (found.sha256 === sha256) return;
  throw new AppError('INVALID_INPUT', `The archive has another checksum: ${found.sha256}`, {
    hint: 'Compare both with the one that was published with the archive.',
    path: ['input', 'sha256'],
  });
}

function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** Parameters that carry a signature or a key: the URL is stored, shown, and sent to every node. */
const secretParameter =
  /^(x-(amz|goog)-(signature|credential|security-token)|signature|sig|token|access_token|api_?key|key|password|secret)$/i;

/** The answer repeats nothing of the text: it may hold the very secret for which it is refused. */
function checkUrl(location: string): string {
  const url = /^[\x21-\x7e]+$/.test(location) && URL.canParse(location) ? new URL(location) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw refuse('A URL that begins with http:// or https://', 'Encode blanks and other characters.');
  if (
    url.username !== '' ||
    url.password !== '' ||
    [...url.searchParams.keys()].some((name) => secretParameter.test(name))
  )
    throw refuse(
      'There is a secret in the URL, and it would be stored and shown',
      'Let a server that the nodes may use without a login hand out the archive.',
    );
  if (url.hash !== '') throw refuse('A URL without a fragment', 'Leave out the # and what follows.');
  return url.href;
}

async function inspectUrl(location: string, { archives }: Inspection): Promise<InspectedSource> {
  const answer = await archives.head(location, { timeoutMs: headTimeoutMs }).catch((error: unknown) => {
    // The worker or the hosts fetch the archive, and may reach what this process cannot; the preflight asks again.
    if (error instanceof AppError && (error.code === 'HTTP_FAILED' || error.code === 'TIMEOUT')) return null;
    throw error;
  });
  if (answer?.status === 404 || answer?.status === 410)
    throw missing(`The server answers ${answer.status}: the archive is not there`);
  return { location, sizeBytes: answer?.status === 200 ? answer.sizeBytes : null };
}

function refuse(message: string, hint: string, cause?: unknown): AppError {
  return new AppError('INVALID_INPUT', message, { hint, path: ['input', 'source', 'location'], cause });
}

function outside(directory: string): AppError {
  return refuse(`The path does not lead to a file in ${directory}`, 'Put the archive there.');
}

function missing(message: string, cause?: unknown): AppError {
  return new AppError('NOT_FOUND', message, {
    hint: 'Check where the archive is.',
    path: ['input', 'source', 'location'],
    cause,
  });
}
