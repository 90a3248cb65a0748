import type { ErrorCode } from '../errors.ts';
import type { InventoryRecord } from './inventory.ts';
import type { JsonObject } from './json.ts';
import type { Progress, StepState } from './run.ts';

/** What a step's `check` found on the cluster. */
export type Check<F extends JsonObject = JsonObject> =
  /** The effect is there. `facts` are kept with the step (a timestamp, a version), `records` are written with it. */
  | { readonly state: 'done'; readonly facts?: F; readonly records?: readonly InventoryRecord[] }
  | { readonly state: 'todo' }
  /** The effect has begun and goes on by itself; check again after `wakeAfterMs`. */
  | { readonly state: 'moving'; readonly progress: Progress; readonly wakeAfterMs: number }
  /** Other lanes of the stage that still wait should go first. Only allowed before the lane's first effect. */
  | { readonly state: 'defer'; readonly reason: string }
  /** A person is to look first: the step is done, and the run pauses until somebody resumes it. */
  | { readonly state: 'hold'; readonly message: string }
  /** It cannot be done now; nothing else is touched. */
  | { readonly state: 'blocked'; readonly code: ErrorCode; readonly message: string; readonly hint: string };

/** How often a step is checked while its effect does not show yet. */
const settlePollMs = 500;

export type NextAction =
  | { readonly do: 'record'; readonly state: 'done' | 'already'; readonly facts: JsonObject | null }
  | { readonly do: 'apply' }
  | { readonly do: 'wait'; readonly progress: Progress; readonly wakeAfterMs: number }
  | { readonly do: 'defer'; readonly reason: string }
  | { readonly do: 'hold'; readonly message: string }
  | { readonly do: 'fail'; readonly code: ErrorCode; readonly message: string; readonly hint: string }
  /** A crash in a step that may not be repeated: a person decides. */
  | { readonly do: 'interrupt'; readonly reason: string };

/**
 * What the runner does next with a step: the table of docs/design.md as a function.
 *
 * `repeat` says whether `apply` may be sent again when a crash left it unknown whether it was sent. `appliedMsAgo` is set
 * when a worker saw `apply` return: then an effect that is still missing after `settleMs` is a failure, unless the step
 * lasts and brings it about again whenever it is lost (`keepsUp`).
 */
export function nextAction(step: {
  journal: Extract<StepState, 'pending' | 'applying'>;
  check: Check;
  repeat: 'safe' | 'ask';
  appliedMsAgo: number | null;
  settleMs: number;
  keepsUp: boolean;
}): NextAction {
  const { check } = step;
  switch (check.state) {
    case 'done':
      return { do: 'record', state: step.journal === 'pending' ? 'already' : 'done', facts: check.facts ?? null };
    case 'moving':
      return { do: 'wait', progress: check.progress, wakeAfterMs: check.wakeAfterMs };
    case 'defer':
      return { do: 'defer', reason: check.reason };
    case 'hold':
      return { do: 'hold', message: check.message };
    case 'blocked':
      return { do: 'fail', code: check.code, message: check.message, hint: check.hint };
    case 'todo':
      if (step.journal === 'pending') return { do: 'apply' };
      if (step.appliedMsAgo !== null && !step.keepsUp) {
        if (step.appliedMsAgo < step.settleMs) {
          return {
            do: 'wait',
            progress: { completed: 0, total: null, message: 'Done; its effect does not show yet' },
            wakeAfterMs: settlePollMs,
          };
        }
        return {
          do: 'fail',
          code: 'POSTCHECK_FAILED',
          message: 'it was carried out, but its effect is not there',
          hint: 'Look at the events of the step, then retry the run.',
        };
      }
      if (step.repeat === 'safe') return { do: 'apply' };
      return {
        do: 'interrupt',
        reason: 'Starwarden stopped while this step was under way, and it may not be sent twice',
      };
    default:
      return check satisfies never;
  }
}
