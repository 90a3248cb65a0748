import { z } from 'zod';
import { readIdentityPort } from '../../../adapters/ssh/read-identity-port.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { whoTookPlace, whyWrongPlace } from '../../../domain/topology-change/place-of-leaving.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { findRow } from './find-row.ts';
import { reachableNode, refOf, removedRecord } from './leaving-node.ts';
import { noteLeaving } from './note-leaving.ts';

/**
 * Ends whatever runs from the directory of a node that has left its cluster, and looks for it: StarRocks leaves such a
 * process running, and a frontend answers /api/health well for ever. A node that is in the cluster again is not touched, nor
 * is one that has taken its directory: a drain may take a week.
 */
export const stopRemoved = defineStep({
  kind: 'stopRemoved',
  params: reachableNode.extend({ timeoutSeconds: z.number() }),
  about: nodeSubject,
  effect: 'changes',
  needs: { noted: [noteLeaving] },
  ports: ['sql', 'node', 'shell', 'inventory'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 3_600_000, // the step's own time is the limit
  repeat: 'safe', // a process that is stopping already is not sent anything new
  describe: ({ label }) => `Stop the process of ${label}, which has left the cluster, and look that it has ended`,
  check: async (leaving, { node }, { signal, found, attempts }) => {
    const state = await (await node(refOf(leaving))).stopState(undefined, { signal });
    if (state === 'ended')
      return {
        state: 'done',
        facts: { processEnded: true },
        records: [removedRecord(leaving, { noted: found.noted, processEnded: true })],
      };
    if (state !== 'ending' || attempts === 0) return { state: 'todo' };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${leaving.label} is stopping` },
      wakeAfterMs: 1_000,
    };
  },
  apply: async (leaving, { sql, node, shell, inventory }, { signal, log, clusterId }) => {
    const { label, kind, place } = leaving;
    const hostKey = (await inventory.findHost(place.hostId))?.hostKeyFingerprint ?? null;
    const hostKeys = hostKey === null ? [] : [hostKey];
    const nodes = await inventory.listNeighbours({ clusterId, addresses: [], hostKeys });
    const other = whoTookPlace(leaving, nodes, { clusterId, hostKey });
    if (other !== null) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `${place.deployDir} belongs to ${other} now, so what runs there is left alone`,
        {
          hint: `Look on the host whether a process of ${label} still runs.`,
        },
      );
    }
    const port = await readIdentityPort(await shell(place.hostId), { kind, deployDir: place.deployDir }, signal);
    const why = whyWrongPlace(leaving, { alive: false, runs: true, port });
    if (why !== null) throw new AppError(why.code, why.message, { hint: why.hint });
    if ((await findRow(sql, leaving, signal)) !== null) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `${leaving.label} is in the cluster again, so its process is left alone`,
        {
          hint: 'Find out who added it.',
        },
      );
    }
    // A frontend that was dropped has no majority to hand anything over to.
    const graceful = leaving.kind !== 'FRONTEND';
    const { timeoutSeconds, version } = leaving;
    await (await node(refOf(leaving))).stop(undefined, { graceful, timeoutSeconds, version }, { signal, log });
  },
  diagnose: async (leaving, { node }, { signal }) => (await node(refOf(leaving))).lastLogLines(8, { signal }),
  undo: { nothing: 'A node that has left does not run.' },
});
