import { z } from 'zod';
import type { DirOfNode } from '../../../adapters/ssh/data-dirs.ts';
import type { LeftNode } from '../../../domain/topology-change/purge.ts';

const leftDir = z.object({
  path: z.string(),
  what: z.enum(['data', 'binaries']),
  /** What the directory said of itself when the node left, and has to say still. */
  identity: z.string(),
  /** As counted for the plan; null = the time for it was over. */
  files: z.number().nullable(),
  bytes: z.number().nullable(),
});
export type LeftDirToPurge = z.infer<typeof leftDir>;

/** A node that has left its cluster, as the step knows it that deletes its data. */
export const leftNode = z.object({
  removedNodeId: z.string(),
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  /** The text of the `IP` column, and the edit-log or heartbeat port, as the cluster had them. */
  host: z.string(),
  port: z.number(),
  hostId: z.string(),
  hostAddress: z.string(),
  deployDir: z.string(),
  /** All that were recorded when it left; those that are to be emptied stand in `dirs`. */
  dataDirs: z.array(z.string()),
  dirs: z.array(leftDir),
  alsoBinaries: z.boolean(),
});
export type LeftNodeParams = z.infer<typeof leftNode>;

/** The node for the rules. */
export function leftNodeOf({ removedNodeId: id, ...node }: LeftNodeParams): LeftNode {
  const { kind, host, port, dataDirs, hostId, deployDir } = node;
  return { id, kind, host, port, dataDirs, hostId, deployDir };
}

/** One of its directories for the host. */
export function dirOf(
  { id, kind, deployDir, dataDirs }: Pick<LeftNode, 'id' | 'kind' | 'deployDir' | 'dataDirs'>,
  { path, what }: Pick<LeftDirToPurge, 'path' | 'what'>,
): DirOfNode {
  return { kind, path, what, deployDir, dataDirs, removalId: id };
}

/** What a deploy directory says of itself. */
export const binariesIdentity = {
  FRONTEND: 'fe binaries',
  BACKEND: 'be binaries',
  COMPUTE_NODE: 'cn binaries',
} as const;
