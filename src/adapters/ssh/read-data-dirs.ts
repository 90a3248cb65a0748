import { posix } from 'node:path';
import type { NodeKind } from '../../domain/cluster.ts';
import { storagePathsOf } from '../../domain/deploy/storage-paths.ts';
import type { ShellReader } from './port.ts';
import { readConfOn } from './read-node-conf.ts';

const keys = { FRONTEND: 'meta_dir', BACKEND: 'storage_root_path', COMPUTE_NODE: 'storage_root_path' } as const;
const defaults = { FRONTEND: 'meta', BACKEND: 'storage', COMPUTE_NODE: 'storage' } as const;

/**
 * The directories of a node's data, as its conf file and its running process name them: `meta_dir` of a frontend, the
 * paths of `storage_root_path` of the others. A text = why that cannot be told.
 */
export async function readDataDirs(
  shell: ShellReader,
  { kind, deployDir }: { readonly kind: NodeKind; readonly deployDir: string },
  signal: AbortSignal,
): Promise<readonly string[] | string> {
  const key = keys[kind];
  const conf = await readConfOn(shell, { kind, deployDir }, { keys: [key], signal });
  if (typeof conf === 'string') return conf;
  const found = conf.text(key);
  if ('unknown' in found) return found.unknown;
  if (found.value === null) return [posix.join(deployDir, defaults[kind])];
  const paths = kind === 'FRONTEND' ? [found.value] : storagePathsOf(found.value).map(({ path }) => path);
  const strange = paths.find((path) => !path.startsWith('/'));
  return strange === undefined ? paths : `${key} names ${strange}, which is no full path`;
}
