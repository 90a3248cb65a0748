import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { ShellCommand, ShellResult } from '../../../src/adapters/ssh/port.ts';

const exec = promisify(execFile);

export type Archive = { readonly path: string; readonly sha256: string; readonly sizeBytes: number };

/** Writes files by their relative names. */
export function writeTree(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
}

/** Packs `members` of `dir`, e.g. `StarRocks-3.5.0`, with further options of tar in front. */
export async function pack(path: string, dir: string, words: readonly string[]): Promise<Archive> {
  await exec('tar', ['-czf', path, '-C', dir, ...words]);
  return describeArchive(path);
}

export function describeArchive(path: string): Archive {
  const content = readFileSync(path);
  return { path, sha256: createHash('sha256').update(content).digest('hex'), sizeBytes: content.length };
}

/** A node's directory as a node leaves it when it is stopped. */
export const oldFrontend = {
  'bin/start_fe.sh': 'old start',
  'bin/fe.pid': '4194305',
  'lib/starrocks-fe.jar': 'old jar',
  'www/index.html': 'old page',
  'udf/mine.jar': 'put there by people',
  'conf/fe.conf': 'query_port = 9030\n',
  'meta/image/VERSION': 'clusterId=1',
  'log/fe.log': 'a line\n',
} as const;

/** What a release brings for it: no `www` any more, a `spark-dpp` that is new, and a conf that must not arrive. */
export const newFrontend = {
  'bin/start_fe.sh': 'new start',
  'lib/starrocks-fe.jar': 'new jar',
  'spark-dpp/spark-dpp.jar': 'new spark',
  'conf/fe.conf': 'the default',
  'meta/readme': 'empty',
} as const;

/** Every file below `dir` with its content, every link with where it leads, every empty directory; none of ours. */
export function treeOf(dir: string, { skip = ['starwarden'] }: { skip?: readonly string[] } = {}): string[] {
  return readdirSync(dir)
    .filter((name) => !skip.includes(name))
    .flatMap((name) => {
      const path = join(dir, name);
      const kind = lstatSync(path);
      if (kind.isSymbolicLink()) return [`${name} -> ${readlinkSync(path)}`];
      if (!kind.isDirectory()) return [`${name}: ${readFileSync(path, 'utf8')}`];
      const below = treeOf(path, { skip: [] });
      return below.length === 0 ? [`${name}/`] : below.map((line) => `${name}/${line}`);
    })
    .sort();
}

export type LocalRun = {
  /** `sh` when not given. */
  readonly shell?: string;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Runs a command without SSH, in a process group of its own; exit code 137 = it was killed. */
export function runLocally({ text }: ShellCommand, { shell = 'sh', environment }: LocalRun = {}): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(shell, ['-c', text], { detached: true, env: { ...process.env, ...environment } });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ exitCode: signal === null ? (code ?? -1) : 137, ...output }));
  });
}
