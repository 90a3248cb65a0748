import { execFile, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isAlive } from '../../../sandbox/hosts/processes.ts';
import { buildRelease, type ReleaseArchive } from '../../../sandbox/releases/build-release.ts';
import { writeJdk } from '../../../sandbox/world/jdk.ts';

const run = promisify(execFile);
const pretendNode = fileURLToPath(new URL('./pretend-node.ts', import.meta.url));

export type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };
export type Kind = 'fe' | 'be' | 'cn';

const archivesDir = mkdtempSync(join(tmpdir(), 'starwarden-archives-'));
const archives = new Map<string, Promise<ReleaseArchive>>();

/** Every test file that unpacks releases does this at its end. */
export async function removeArchives(): Promise<void> {
  archives.clear(); // the next file of this process builds its own
  await rm(archivesDir, { recursive: true, force: true });
}

/** Built once for all tests of a file: they unpack it, and change only what they unpacked. */
function archiveOf(version: string): Promise<ReleaseArchive> {
  const programs = { frontend: pretendNode, backend: pretendNode };
  const archive = archives.get(version) ?? buildRelease({ version, outDir: archivesDir, programs });
  archives.set(version, archive);
  return archive;
}

/** A release unpacked into a temporary directory, with pretended programs behind its scripts. */
export class Installed {
  readonly root: string;
  readonly #dir: string;

  private constructor(dir: string, version: string) {
    this.#dir = dir;
    this.root = join(dir, `StarRocks-${version}`);
  }

  static async unpack(version: string): Promise<Installed> {
    const dir = await mkdtemp(join(tmpdir(), 'starwarden-release-'));
    const archive = await archiveOf(version);
    await run('tar', ['-xzf', archive.path, '-C', dir]);
    const installed = new Installed(dir, version);
    await writeJdk({ dir: join(dir, 'jdk'), major: 17 });
    for (const kind of ['fe', 'be', 'cn'] as const) {
      await installed.configure(kind, `JAVA_HOME = ${join(dir, 'jdk')}\nsandbox_speed = 20`);
    }
    return installed;
  }

  home(kind: Kind): string {
    return join(this.root, kind === 'fe' ? 'fe' : 'be');
  }

  pidFile(kind: Kind): string {
    return join(this.home(kind), 'bin', `${kind}.pid`);
  }

  async configure(kind: Kind, lines: string): Promise<void> {
    await appendFile(join(this.home(kind), 'conf', `${kind}.conf`), `${lines}\n`);
  }

  /** A JDK of its own for one test; returns the conf line that selects it. */
  async jdk(major: number, { compiler = true } = {}): Promise<string> {
    const dir = join(this.#dir, `jdk-${major}-${compiler}`);
    await writeJdk({ dir, major, compiler });
    return `JAVA_HOME = ${dir}`;
  }

  script(kind: Kind, name: string, args: readonly string[] = []): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn('bash', [join(this.home(kind), 'bin', name), ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH ?? '' },
      });
      const ended = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk) => (ended.stdout += chunk));
      child.stderr.on('data', (chunk) => (ended.stderr += chunk));
      child.on('error', reject);
      child.on('close', (exitCode) => resolve({ exitCode, ...ended }));
    });
  }

  /** Starts a node through its script and waits until the program has written its pid. */
  async start(kind: Kind, args: readonly string[] = []): Promise<number> {
    const { exitCode, stdout } = await this.script(kind, `start_${kind}.sh`, ['--daemon', ...args]);
    if (exitCode !== 0) throw new Error(`start_${kind}.sh ended with ${exitCode}: ${stdout}`);
    for (let tries = 0; tries < 200; tries += 1) {
      const pid = await this.pid(kind);
      if (pid !== null) return pid;
      await sleep(25);
    }
    throw new Error(`no ${kind}.pid after 5 s`);
  }

  async pid(kind: Kind): Promise<number | null> {
    const text = await readFile(this.pidFile(kind), 'utf8').catch(() => '');
    return text === '' ? null : Number(text);
  }

  async signals(kind: Kind): Promise<string[]> {
    const text = await readFile(join(this.home(kind), 'log', 'signals'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line.startsWith('SIG'));
  }

  /** Ends whatever still runs and removes the directory. */
  async remove(): Promise<void> {
    for (const kind of ['fe', 'be', 'cn'] as const) {
      const pid = await this.pid(kind);
      if (pid !== null && isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
    await mkdir(this.#dir, { recursive: true });
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
