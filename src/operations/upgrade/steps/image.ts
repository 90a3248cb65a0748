import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { createImage } from '../../../adapters/starrocks/statements.ts';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

const noted = z.object({ journalId: z.number() });

/** Records how far the metadata has come: the next image has to hold at least this much. */
export const noteJournal = defineStep({
  kind: 'noteJournal',
  params: z.object({}),
  about: () => theCluster,
  effect: 'looks',
  facts: noted,
  ports: ['sql', 'http'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Look how far the metadata has come',
  check: async (_params, ports, { signal }) => {
    const images = await readImages(ports, signal);
    return { state: 'done', facts: { journalId: Math.max(0, ...images.map((image) => image.journalId)) } };
  },
  undo: { nothing: 'It only looks.' },
});

/**
 * Makes a fresh image of the metadata on every frontend before any of them is changed. The statement only asks for the
 * image; the checkpoint runs within about a minute and is then handed to the other frontends.
 */
export const createMetadataImage = defineStep({
  kind: 'createMetadataImage',
  params: z.object({}),
  about: () => theCluster,
  effect: 'changes',
  needs: { noted: [noteJournal] },
  ports: ['sql', 'http'],
  timeoutMs: 900_000,
  settleMs: 900_000,
  repeat: 'safe',
  describe: () => 'Write a fresh image of the metadata to every frontend',
  check: async (_params, ports, { signal, attempts, applied, found }) => {
    if (attempts === 0) return { state: 'todo' };
    const wanted = found.noted?.journalId ?? 0;
    const missing = (await readImages(ports, signal)).filter((image) => image.checkpoint < wanted);
    if (missing.length === 0) return { state: 'done', facts: { journalId: wanted } };
    // `apply` did not return: the statement may never have been sent, and then there is nothing to wait for. Sending it
    // twice harms nobody.
    if (!applied) return { state: 'todo' };
    return {
      state: 'moving',
      progress: {
        completed: 0,
        total: null,
        message: `Waits for the image on ${missing.map((each) => each.host).join(', ')}`,
      },
      wakeAfterMs: 500,
    };
  },
  apply: async (_params, { sql }, { signal }) => {
    await sql.query(createImage(), { route: 'leader', signal });
  },
  undo: { nothing: 'An image harms nobody.' },
});

async function readImages({ sql, http }: Pick<Reading, 'sql' | 'http'>, signal: AbortSignal) {
  const { frontends } = await readTopology(sql, { signal });
  return Promise.all(
    frontends
      .filter((frontend) => frontend.alive)
      .map(async ({ host, httpPort }) => {
        const ha = await http.frontendHa({ host, httpPort }, { signal });
        return { host, journalId: ha.journalId, checkpoint: ha.checkpointJournalId ?? 0 };
      }),
  );
}
