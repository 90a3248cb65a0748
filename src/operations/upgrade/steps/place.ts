import { z } from 'zod';
import type { Replacement } from '../../../domain/node-binaries.ts';
import { nodePlace } from '../../node/steps/node-place.ts';

/** A node that is taken from one version to another, and where it is. */
export const nodeMove = nodePlace.extend({
  /** The version that runs before the step, as the node reports it. */
  fromVersion: z.string(),
  /** The version that is to run afterwards. */
  toVersion: z.string(),
  /** The release that is staged: it is put in place, or was put in place and is taken out again. */
  release: z.object({ version: z.string(), sha256: z.string() }),
  /** What ran before the release came, as its kept binaries are named. */
  keptVersion: z.string(),
});
export type NodeMove = z.infer<typeof nodeMove>;

/** The way back of a move: the same release is taken out, and the kept binaries return. */
export function reversed(move: NodeMove): NodeMove {
  return { ...move, fromVersion: move.toVersion, toVersion: move.fromVersion };
}

/** What the move puts in place of the binaries that run, in this run. */
export function replacementOf({ release, keptVersion }: NodeMove, runId: string): Replacement {
  return { release, keptVersion, runId };
}
