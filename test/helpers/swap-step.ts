import { keptBinaries } from '../../src/domain/upgrade/kept-binaries.ts';
import type { Database } from '../../src/store/database.ts';

/** A step of the run by which the binaries of a node were, or were not, swapped. */
export async function addSwapStep(db: Database, runId: string, state: 'done' | 'skipped'): Promise<void> {
  const nothing = { undo_of: null, ledger_id: null, progress: null, failure: null, facts: null };
  const lane = JSON.stringify({ stage: 'Canary', name: 'be 10.0.0.2:9050', width: 1 });
  const times = { started_at: null, applied_at: null, finished_at: null };
  await db
    .insertInto('run_step')
    .values({
      ...{ ...nothing, ...times, run_id: runId, position: 90, phase: 'do', kind: 'swapBinaries' },
      ...{ title: 'Swap', params: '{}', state, lane, leaves: keptBinaries, removes: null },
      ...{
        about_kind: 'node',
        about_id: 'nod_2',
        about_label: 'be 10.0.0.2:9050',
        effect: 'changes',
        observed: null,
        hold: null,
      },
    })
    .execute();
}
