import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Flaw } from '../starrocks/flaw.ts';
import { backendConf, computeNodeConf, frontendConf } from './default-conf.ts';
import { type Release, type ScriptTraits, scriptTraitsOf } from './versions.ts';

const layoutDir = fileURLToPath(new URL('./layout/', import.meta.url));

/** The programs that a release starts, and the Node that runs them: absolute paths on this machine. */
export type Programs = { readonly node: string; readonly frontend: string; readonly backend: string };

export type ReleasePart = 'fe' | 'be';

/** What one part of an archive consists of: of a sound archive both parts are of the same release, with no flaw. */
export type PartContent = {
  readonly release: Release;
  readonly flaw: Flaw | null;
  /** Default: what the release needs. */
  readonly jdkMinimum?: number;
};

type Tree = {
  readonly root: string;
  readonly parts: Readonly<Record<ReleasePart, PartContent>>;
  readonly programs: Programs;
  /** Without what only makes an archive as large as to be worth an upload. */
  readonly tiny: boolean;
};

/** Writes `fe/` and `be/` of a release below `root`, with the layout of a real one. */
export async function writeReleaseTree({ root, parts, programs, tiny }: Tree): Promise<void> {
  const fillerOf = (release: Release, name: string, sizeBytes: number) => filler(release, name, tiny ? 64 : sizeBytes);
  await Promise.all([
    writePart({ home: join(root, 'fe'), part: 'fe', content: parts.fe }),
    writePart({ home: join(root, 'be'), part: 'be', content: parts.be }),
  ]);
  await Promise.all([
    writeLauncher({ home: join(root, 'fe'), name: 'java', program: programs.frontend, node: programs.node }),
    writeLauncher({ home: join(root, 'be'), name: 'starrocks_be', program: programs.backend, node: programs.node }),
    writeFiles(join(root, 'fe'), {
      'conf/fe.conf': frontendConf,
      'conf/hadoop_env.sh': '# Settings for access to HDFS.\n',
      'lib/starrocks-fe.jar': fillerOf(parts.fe.release, 'starrocks-fe', 393_216),
      'lib/starrocks-bdb-je-18.3.20.jar': fillerOf(parts.fe.release, 'bdb-je', 98_304),
      'lib/mysql-connector-java-8.0.jar': fillerOf(parts.fe.release, 'connector', 65_536),
      'spark-dpp/spark-dpp-1.0.0-jar-with-dependencies.jar': fillerOf(parts.fe.release, 'spark-dpp', 65_536),
      'webroot/index.html': '<!doctype html><title>StarRocks</title>\n',
    }),
    writeFiles(join(root, 'be'), {
      'conf/be.conf': backendConf,
      'conf/cn.conf': computeNodeConf,
      'lib/jni-packages/starrocks-jdbc-bridge-jar-with-dependencies.jar': fillerOf(
        parts.be.release,
        'jdbc-bridge',
        262_144,
      ),
      'lib/hadoop/common/hadoop-common-3.4.0.jar': fillerOf(parts.be.release, 'hadoop', 131_072),
      'www/index.html': '<!doctype html><title>StarRocks backend</title>\n',
    }),
  ]);
}

type Part = { readonly home: string; readonly part: ReleasePart; readonly content: PartContent };

async function writePart({ home, part, content }: Part): Promise<void> {
  const { release, flaw, jdkMinimum } = content;
  const own = scriptTraitsOf(release);
  const traits = jdkMinimum === undefined ? own : { ...own, jdkMinimum, jdkException: null };
  await copyScripts(join(layoutDir, 'all', part, 'bin'), join(home, 'bin'));
  if (!traits.newStopScripts) await copyScripts(join(layoutDir, 'before-3.4', part, 'bin'), join(home, 'bin'));
  const common = await readFile(join(layoutDir, 'common.sh'), 'utf8');
  await writeFiles(home, {
    'bin/common.sh': `${traitLines(traits)}\n${common}`,
    'lib/starrocks-release.json': `${JSON.stringify({ ...release, ...(flaw && { flaw }) })}\n`,
  });
}

function traitLines(traits: ScriptTraits): string {
  return [
    '#!/usr/bin/env bash',
    `JDK_MINIMUM=${traits.jdkMinimum}`,
    `JDK_EXCEPTION=${traits.jdkException ?? 'none'}`,
    `JDK_NEEDS_JAVAC=${traits.needsJavac}`,
    `EXTRA_FE_OPTIONS=${traits.extraFrontendOptions.join(',')}`,
    `EXTRA_BE_OPTIONS=${traits.extraBackendOptions.join(',')}`,
  ].join('\n');
}

async function copyScripts(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    await copyFile(join(from, name), join(to, name));
    await chmod(join(to, name), 0o755);
  }
}

/** `launch.sh` runs the program under a link of the right name, since the stop scripts look at `ps -o comm=`. */
async function writeLauncher(launcher: { home: string; name: string; program: string; node: string }): Promise<void> {
  const lib = join(launcher.home, 'lib');
  await mkdir(lib, { recursive: true });
  await copyFile(join(layoutDir, 'launch.sh'), join(lib, 'launch.sh'));
  await chmod(join(lib, 'launch.sh'), 0o755);
  await writeFile(join(lib, 'program'), launcher.program);
  await writeFile(join(lib, 'node-path'), launcher.node);
  await symlink('node', join(lib, launcher.name));
}

async function writeFiles(home: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(home, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** Bytes that look like a jar to `ls` and do not compress; the same for the same release, so that archives can be compared. */
function filler({ version, commit }: Release, name: string, sizeBytes: number): Buffer {
  const blocks = [Buffer.from('PK\u0003\u0004')];
  for (let index = 0; index * 64 < sizeBytes; index += 1) {
    blocks.push(createHash('sha512').update(`${version} ${commit} ${name} ${index}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}
