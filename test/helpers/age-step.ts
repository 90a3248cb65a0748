import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { patienceMs } from '../../sandbox/patience.ts';
import type { StepPhase } from '../../src/domain/run.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import type { Engine } from './engine.ts';

/** A step that waits: the first of this kind that has begun and not ended. `title` = one of which the title holds this. */
export type StepToAge = { kind: string; phase?: StepPhase; title?: string; seconds: number };

/** Makes a step that waits believe that so many seconds have passed since it began. Resolves when it has begun. */
export async function ageStep(
  engine: Engine,
  runId: string,
  { kind, phase = 'do', title = '', seconds }: StepToAge,
): Promise<void> {
  const { db } = engine.ctx;
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(50)) {
    const due = (await listSteps(db, runId)).find(
      (step) =>
        step.kind === kind &&
        step.phase === phase &&
        step.title.includes(title) &&
        step.startedAt !== null &&
        (step.state === 'pending' || step.state === 'applying'),
    );
    if (due === undefined) continue;
    await db
      .updateTable('run_step')
      .set({ started_at: sql`started_at - INTERVAL ${seconds} SECOND` })
      .where('run_id', '=', runId)
      .where('position', '=', due.position)
      .execute();
    return;
  }
  throw new Error(`no ${kind} of the run waits`);
}
