import { z } from 'zod';
import { readDataDirs } from '../../../adapters/ssh/read-data-dirs.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';
import { reachableNode } from './leaving-node.ts';

/**
 * Reads where the node keeps its data, while it still runs: what its conf file leaves open is known by its process alone.
 * A purge later deletes only what was recorded here.
 */
export const noteLeaving = defineStep({
  kind: 'noteLeaving',
  params: reachableNode,
  about: nodeSubject,
  effect: 'looks',
  facts: z.object({
    /** Empty = it could not be told, and nothing of it can be purged by Starwarden. */
    dataDirs: z.array(z.string()),
  }),
  ports: ['shell'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: ({ label }) => `Read where ${label} keeps its data`,
  check: async ({ label, kind, place }, { shell }, { signal, log }) => {
    const found = await readDataDirs(await shell(place.hostId), { kind, deployDir: place.deployDir }, signal);
    if (typeof found !== 'string') return { state: 'done', facts: { dataDirs: [...found] } };
    log(`Where ${label} keeps its data cannot be told, so it can only be purged by hand later: ${found}`);
    return { state: 'done', facts: { dataDirs: [] } };
  },
  undo: { nothing: 'It only looks.' },
});
