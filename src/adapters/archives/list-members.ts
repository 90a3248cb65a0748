import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import type { ArchiveMember } from './port.ts';

const mostMembers = 100_000;
const longestComplaint = 500;

/** Feeds an archive to `tar`, which reads its standard input and prints what is in it; it never writes a file. */
export function listMembers() {
  const tar = spawn('tar', ['-tvzf', '-', '--numeric-owner', '--quoting-style=escape'], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: 'pipe',
  });
  const members: ArchiveMember[] = [];
  let first = Buffer.alloc(0);
  let complaint = '';
  createInterface({ input: tar.stdout }).on('line', (line) => {
    if (members.length < mostMembers) members.push(parseMember(line));
  });
  tar.stderr.on('data', (data) => {
    complaint = `${complaint}${data}`.slice(0, longestComplaint);
  });
  // A tar that has given up closes its input: then the rest of the file is only read for the checksum.
  tar.stdin.on('error', () => undefined);
  const ended = new Promise<string | null>((resolve) => {
    tar.on('error', (error) => resolve(`tar could not be run: ${error.message}`));
    tar.on('close', (code) => resolve(code === 0 ? null : complaint.trim() || `tar ended with exit code ${code}`));
  });
  return {
    write: (chunk: Buffer) => {
      if (first.length < firstBytes) first = Buffer.concat([first, chunk.subarray(0, firstBytes)]);
      return write(tar.stdin, chunk);
    },
    end: async (): Promise<{ members: ArchiveMember[]; unreadable: string | null }> => {
      tar.stdin.end();
      const unreadable = await ended;
      // `gzip` also unpacks zip files, which some hosts would not do.
      return { members, unreadable: otherFormat(first) ?? unreadable };
    },
    kill: () => {
      if (tar.exitCode === null) tar.kill('SIGKILL');
    },
  };
}

const types: Readonly<Record<string, ArchiveMember['type']>> = {
  '-': 'file',
  d: 'directory',
  l: 'symlink',
  h: 'hardlink',
};

/** Names come escaped, so one line is one member; the five columns before the name hold no blanks. */
function parseMember(line: string): ArchiveMember {
  const type = types[line.slice(0, 1)] ?? 'other';
  const [, text = ''] = /^\S+ +\S+ +\S+ +\S+ +\S+ (.*)$/.exec(line) ?? [];
  const arrow = type === 'symlink' ? ' -> ' : type === 'hardlink' ? ' link to ' : null;
  const at = arrow === null ? -1 : text.indexOf(arrow);
  if (arrow === null || at < 0) return { name: text, type, target: null };
  return { name: text.slice(0, at), type, target: text.slice(at + arrow.length) };
}

const gzip = '1f8b';
const otherFormats: Readonly<Record<string, string>> = {
  fd377a585a00: 'it is compressed with xz',
  '28b52ffd': 'it is compressed with zstd',
  '425a68': 'it is compressed with bzip2',
  '504b0304': 'it is a zip file',
};
const firstBytes = 64;

/** For such a file `tar` only says that it is not gzip, or nothing but "invalid header"; the first bytes show what it is. */
function otherFormat(first: Buffer): string | null {
  const hex = first.toString('hex');
  if (hex.startsWith(gzip)) return null;
  const found = Object.entries(otherFormats).find(([magic]) => hex.startsWith(magic))?.[1];
  if (found !== undefined) return `${found}, and has to be a tar compressed with gzip`;
  return /^\s*<(!doctype|html|\?xml)/i.test(first.toString('latin1')) ? 'it is a page of a web site, no archive' : null;
}

async function write(stream: Writable, chunk: Buffer): Promise<void> {
  if (stream.destroyed || stream.writableEnded || stream.write(chunk)) return;
  await new Promise<void>((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
