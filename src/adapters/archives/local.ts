import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { AppError, messageOf } from '../../errors.ts';
import { type Deadline, startDeadline } from '../deadline.ts';
import type { ArchiveCall, Archives, ExamineCall, ExaminedArchive } from './port.ts';

const chunkBytes = 1_048_576;
const mostMembers = 100_000;
const longestComplaint = 500;

/** Archives on this machine. `head` asks over HTTP, which is another adapter's business. */
export function createArchives({ head }: Pick<Archives, 'head'>): Archives {
  return {
    head,
    sizeOf: (path, call) => within(`looking at ${path}`, call, 10_000, () => sizeOf(path)),
    examine: (path, call = {}) =>
      within(`reading ${path}`, call, 30 * 60_000, async (deadline) => {
        await sizeOf(path);
        const file = await open(path).catch((cause) => refuse(path, cause));
        try {
          return await examine(file, { deadline, call });
        } finally {
          await file.close();
        }
      }),
  };
}

async function within<T>(
  what: string,
  { timeoutMs, signal }: ArchiveCall = {},
  defaultMs: number,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline({ what, timeoutMs: timeoutMs ?? defaultMs, signal });
  try {
    return await deadline.race(work(deadline));
  } finally {
    deadline.end();
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((cause) => refuse(path, cause));
  if (found.isFile()) return found.size;
  return refuse(path);
}

function refuse(path: string, cause?: unknown): never {
  const why = cause === undefined ? 'it is no regular file' : messageOf(cause);
  throw new AppError('NOT_FOUND', `There is no archive to read at ${path}: ${why}`, {
    hint: 'Put it back, or register the release again with the place where it is.',
    cause,
  });
}

/** One reading feeds both the checksum and `tar`, for an archive has some gigabytes. */
async function examine(
  file: FileHandle,
  { deadline, call }: { deadline: Deadline; call: ExamineCall },
): Promise<ExaminedArchive> {
  const list = listMembers();
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      deadline.signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      call.onBytes?.(sizeBytes);
      await list.write(chunk);
    }
    return { sizeBytes, sha256: hash.digest('hex'), ...(await list.end()) };
  } finally {
    list.kill();
  }
}

/** `tar` reads the archive from its standard input and prints the names; it never writes a file. */
function listMembers() {
  const tar = spawn('tar', ['-tzf', '-'], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, stdio: 'pipe' });
  const members: string[] = [];
  let complaint = '';
  createInterface({ input: tar.stdout }).on('line', (line) => {
    if (members.length < mostMembers) members.push(line);
  });
  tar.stderr.on('data', (data) => {
    complaint = `${complaint}${data}`.slice(0, longestComplaint);
  });
  // A tar that has given up closes its input: the rest of the file is then read for the checksum alone.
  tar.stdin.on('error', () => undefined);
  const ended = new Promise<string | null>((resolve) => {
    tar.on('error', (error) => resolve(`tar could not be run: ${error.message}`));
    tar.on('close', (code) => resolve(code === 0 ? null : complaint.trim() || `tar ended with exit code ${code}`));
  });
  return {
    write: (chunk: Buffer) => write(tar.stdin, chunk),
    end: async () => {
      tar.stdin.end();
      const unreadable = await ended;
      return { members, unreadable };
    },
    kill: () => {
      if (tar.exitCode === null) tar.kill('SIGKILL');
    },
  };
}

async function write(stream: Writable, chunk: Buffer): Promise<void> {
  if (stream.destroyed || stream.writableEnded || stream.write(chunk)) return;
  await new Promise<void>((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
