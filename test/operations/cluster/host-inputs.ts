import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/* What tests of attaching hosts ask with, and a node of somebody else on the same machine. */

export type HostInput = Record<string, unknown>;

export function hostsOf(input: Record<string, unknown>): HostInput[] {
  return listOf(input.hosts);
}

export function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}

export function withDir(node: Record<string, unknown>) {
  return { ...node, deployDir: '/one/dir' };
}

/** A backend of another world, on this same machine, that never gets as far as to open its ports, which are the usual ones. */
export async function loadForEver() {
  const home = await mkdtemp(join(tmpdir(), 'starwarden-elsewhere-'));
  const release = { version: '3.5.0', commit: 'abcdef0', flaw: { kind: 'never-alive' } };
  const files = {
    'bin/start_be.sh': '',
    'conf/be.conf': 'sandbox_address = 127.12.12.12\n',
    'lib/starrocks-release.json': JSON.stringify(release),
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), text);
  }
  const main = fileURLToPath(new URL('../../../sandbox/starrocks/be-main.mjs', import.meta.url));
  const env = { PATH: process.env.PATH, STARROCKS_HOME: home };
  const child = spawn(process.execPath, [main, '--home', home], { env, stdio: 'ignore' });
  await expect.poll(() => existsSync(join(home, 'bin/be.pid'))).toBe(true);
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
      await rm(home, { recursive: true });
    },
  };
}
