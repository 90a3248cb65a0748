import type { NodeKind as ClusterNodeKind } from '../../domain/cluster.ts';
import { AppError } from '../../errors.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import { quote } from './quote.ts';

/** The kinds of StarRocks process that a host can run; a compute node is a backend package started as `cn`. */
export type NodeKind = 'frontend' | 'backend' | 'compute-node';

/** The name of each kind of node in commands. */
export const commandKinds = {
  FRONTEND: 'frontend',
  BACKEND: 'backend',
  COMPUTE_NODE: 'compute-node',
} as const satisfies Record<ClusterNodeKind, NodeKind>;

/** The name of each kind in StarRocks' scripts, pid files and conf files. */
export const shortNames = { frontend: 'fe', backend: 'be', 'compute-node': 'cn' } as const satisfies Record<
  NodeKind,
  string
>;

/** The name of each kind's program in `ps -o comm=`, as StarRocks' own stop scripts compare it. */
export const programNames = {
  frontend: 'java',
  backend: 'starrocks_be',
  'compute-node': 'starrocks_be',
} as const satisfies Record<NodeKind, string>;

export function change(name: string, words: readonly string[]): ShellCommand {
  return { name, text: words.join(' '), effect: 'change' };
}

export function read(name: string, lines: readonly string[]): ReadCommand {
  return { name, text: lines.join('\n'), effect: 'read' };
}

/**
 * A relative path would depend on the directory of the login shell; a path that begins with `/` cannot be mistaken for an
 * option.
 */
export function absolute(path: string): string {
  if (!path.startsWith('/')) throw new AppError('INVALID_INPUT', `"${path}" is not an absolute path`);
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** A directory below which things are moved and removed: its plain full path, and never the root. */
export function ownedDir(path: string): string {
  const names = absolute(path)
    .split('/')
    .filter((name) => name !== '' && name !== '.');
  if (names.length === 0 || names.includes('..')) {
    throw new AppError('INVALID_INPUT', `"${path}" is not the full path of a directory of a node`);
  }
  return `/${names.join('/')}`;
}

/** `name='value'`, for the variables at the beginning of a script. */
export function assign(name: string, value: string): string {
  return `${name}=${quote(value)}`;
}
