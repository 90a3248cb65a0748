import { z } from 'zod';
import { readIdentities } from '../../../adapters/ssh/data-dirs.ts';
import { readDataDirs } from '../../../adapters/ssh/read-data-dirs.ts';
import { readIdentityPort } from '../../../adapters/ssh/read-identity-port.ts';
import { readNodeProcess } from '../../../adapters/ssh/read-node-process.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { whyWrongPlace } from '../../../domain/topology-change/place-of-leaving.ts';
import { defineStep } from '../../../steps/define.ts';
import { findRow } from './find-row.ts';
import { reachableNode } from './leaving-node.ts';

/**
 * Sees that the node is where the inventory has it, before anything is sent, and reads where it keeps its data while it still
 * runs: what its conf file leaves open is known by its process alone. A purge later deletes only what was recorded here.
 */
export const noteLeaving = defineStep({
  kind: 'noteLeaving',
  params: reachableNode,
  about: nodeSubject,
  effect: 'looks',
  facts: z.object({
    /** Empty = it could not be told, and nothing of it can be purged by Starwarden. */
    dataDirs: z.array(z.string()),
    /** Whose each of them says it is, by its path. */
    identities: z.record(z.string(), z.string()),
  }),
  ports: ['sql', 'shell'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: ({ label }) => `See that ${label} runs where it is known to, and read where it keeps its data`,
  check: async (leaving, { sql, shell }, { signal, log }) => {
    const { label, kind, place } = leaving;
    const there = { kind, deployDir: place.deployDir };
    const host = await shell(place.hostId);
    const row = await findRow(sql, leaving, signal);
    const why = whyWrongPlace(leaving, {
      alive: row?.alive ?? false,
      runs: (await readNodeProcess(host, there, signal)) !== null,
      port: await readIdentityPort(host, there, signal),
    });
    if (why !== null) return { state: 'blocked', ...why };
    const found = await readDataDirs(host, there, signal);
    if (typeof found !== 'string') {
      const identities = { ...(await readIdentities(host, { kind, dirs: found }, signal)) };
      const silent = found.filter((dir) => identities[dir] === undefined);
      if (silent.length > 0)
        log(`Whose ${silent.join(', ')} is, nothing there says: it can only be purged by hand later`);
      return { state: 'done', facts: { dataDirs: [...found], identities } };
    }
    log(`Where ${label} keeps its data cannot be told, so it can only be purged by hand later: ${found}`);
    return { state: 'done', facts: { dataDirs: [], identities: {} } };
  },
  undo: { nothing: 'It only looks.' },
});
