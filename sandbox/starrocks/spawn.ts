import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeProgram } from './programs.ts';

export type NodeKind = 'fe' | 'be' | 'cn';
type SpawnOptions = { kind: NodeKind; home: string; args?: string[]; nodeBinary?: string };

/** Starts one stand-in node from its home directory, without scripts, as a child of this process. */
export function spawnNode({ kind, home, args = [], nodeBinary = process.execPath }: SpawnOptions): ChildProcess {
  const main = nodeProgram(kind === 'fe' ? 'fe' : 'be');
  const extra = kind === 'cn' ? ['--cn'] : [];
  const child = spawn(nodeBinary, [main, '--home', home, ...extra, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  mkdirSync(join(home, 'log'), { recursive: true });
  const out = createWriteStream(join(home, 'log', `${kind}.out`), { flags: 'a' });
  child.stdout?.pipe(out, { end: false });
  child.stderr?.pipe(out, { end: false });
  child.once('close', () => out.end());
  return child;
}
