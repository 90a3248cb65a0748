import type { PostCheck, Run, RunStep } from '../../domain/run.ts';
import { blocks, hasLooked, type NamedCheck } from '../../domain/verdict.ts';
import { AppError } from '../../errors.ts';
import type { EndedRun, Reading } from '../../operations/define.ts';
import { conclude, concludeAsFailed, stepsToTakeBack } from './conclude.ts';
import type { Drive, Next } from './drive.ts';
import { finish } from './finish.ts';
import { endedRun, readEnd } from './look-at-end.ts';
import { mayPass } from './may-pass.ts';

/** How long after the last step the cluster may be unreadable for the post-check before the run fails for that. */
const unreadPatienceMs = 120_000;
/** How long after the last step a post-check that says `isSettling` may still come to pass by itself. */
const settlingPatienceMs = 60_000;
const lookAgainMs = 2_000;

/** Every step is done: the run succeeds if the cluster says so. */
export function checkSucceeded(drive: Drive, run: Run, steps: readonly RunStep[]): Promise<Next> {
  return judge(drive, { run, steps, as: 'SUCCEEDED' }, (reading, ended) =>
    drive.operation.postCheck(run.input, reading, ended),
  );
}

/** Every step back is done: the run is undone if the cluster says so. */
export function checkUndone(drive: Drive, run: Run, steps: readonly RunStep[]): Promise<Next> {
  const { endCheck } = drive.operation;
  if (endCheck === null) return end(drive, { run, steps, as: 'UNDONE' });
  return judge(drive, { run, steps, as: 'UNDONE' }, (reading, ended) =>
    endCheck(run.input, reading, { ...ended, ending: 'UNDONE' }),
  );
}

type Judged = { readonly run: Run; readonly steps: readonly RunStep[]; readonly as: 'SUCCEEDED' | 'UNDONE' };

/**
 * Steps that put things back are carried out first; where there are none, the run ends in the entry that keeps its
 * post-check.
 */
async function end(drive: Drive, { run, steps, as }: Judged): Promise<Next> {
  const outcome = { state: as, failure: null };
  const { recover, restore } = await stepsToTakeBack(drive, outcome, steps);
  if (recover.length + restore.length === 0) return finish(drive, run, outcome, steps);
  return conclude(drive, outcome, run.postCheck === null ? {} : { postCheck: run.postCheck });
}

async function judge(
  drive: Drive,
  { run, steps, as }: Judged,
  look: (reading: Reading, ended: EndedRun) => Promise<PostCheck>,
): Promise<Next> {
  const lastStep = steps.findLast((step) => step.finishedAt !== null)?.finishedAt ?? run.createdAt;
  const sinceMs = drive.now().getTime() - lastStep.getTime();
  try {
    const { isSettling = false, ...found } = await look(readEnd(drive, run), endedRun(run, steps));
    // Where every check was skipped nothing has passed, whatever the operation says.
    const result = { ...found, passed: found.passed && (found.checks.length === 0 || hasLooked(found.checks)) };
    if (!result.passed && isSettling && sinceMs < settlingPatienceMs) return lookAgain(drive);
    if (result.passed) return end(drive, { run: { ...run, postCheck: result }, steps, as });
    const failed = whatFailed(result.checks);
    const done = as === 'SUCCEEDED' ? 'Every step was done' : 'Every step back was done';
    const failure = {
      code: as === 'SUCCEEDED' ? ('POSTCHECK_FAILED' as const) : ('UNDO_FAILED' as const),
      message: `${done}, but the end is not as it should be: ${failed.map((check) => `${check.name} is ${check.observed}, wanted ${check.wanted}`).join('; ')}`,
      hint: failed[0]?.hint ?? 'Look at the cluster, then retry the run.',
      step: null,
    };
    return concludeAsFailed(drive, failure, { postCheck: result });
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'LEASE_LOST') throw error;
    drive.held.assertHeld();
    if (mayPass(error) && sinceMs < unreadPatienceMs) return lookAgain(drive);
    return concludeAsFailed(drive, {
      code: as === 'SUCCEEDED' ? error.code : 'UNDO_FAILED',
      message: `The end could not be checked: ${error.message}`,
      hint: error.hint,
      step: null,
    });
  }
}

/** The checks that keep the run from passing: those that block, else those that were skipped. */
function whatFailed(checks: readonly NamedCheck[]): readonly NamedCheck[] {
  const failed = checks.filter(blocks);
  return failed.length > 0 ? failed : checks.filter(({ status }) => status === 'SKIPPED');
}

async function lookAgain(drive: Drive): Promise<Next> {
  await drive.write({ run: { wakeInMs: lookAgainMs } });
  return { wakeAfterMs: lookAgainMs };
}
