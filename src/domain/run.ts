import type { ErrorCode } from '../errors.ts';
import type { Json, JsonObject } from './json.ts';
import type { KeptPlan, Lane } from './plan.ts';
import type { StepEffect, Subject } from './subject.ts';
import type { Target } from './target.ts';
import type { NamedCheck } from './verdict.ts';

export const runStates = [
  'AWAITING_APPROVAL',
  'SCHEDULED',
  'QUEUED',
  'RUNNING',
  'PAUSED',
  'CANCELING',
  'UNDOING',
  'INTERRUPTED',
  'SUCCEEDED',
  'FAILED',
  'CANCELED',
  'UNDONE',
  'REJECTED',
  'EXPIRED',
] as const;
export type RunState = (typeof runStates)[number];

export const terminalRunStates = ['SUCCEEDED', 'FAILED', 'CANCELED', 'UNDONE', 'REJECTED', 'EXPIRED'] as const;
export type TerminalRunState = (typeof terminalRunStates)[number];

/** States in which a run has not ended, whether a worker or a person has to act. */
export const openRunStates = runStates.filter((state) => !isTerminal(state));

/** States in which a worker has something to do, now or when the run is due. */
export const drivenRunStates = ['QUEUED', 'RUNNING', 'CANCELING', 'UNDOING'] as const satisfies readonly RunState[];

export function isTerminal(state: RunState): state is TerminalRunState {
  return terminalRunStates.some((terminal) => terminal === state);
}

/**
 * `do` = the plan; `undo` = its inverse, asked for by a person; `recover` = what a lane that failed had done, taken back
 * by the run itself; `restore` = a temporary change put back.
 */
export const stepPhases = ['do', 'undo', 'recover', 'restore'] as const;
export type StepPhase = (typeof stepPhases)[number];

/**
 * `already` = the effect was there before we acted, so undo leaves it alone. `applying` is written before the effect:
 * after a crash it says that the effect may have happened.
 */
export const stepStates = ['pending', 'applying', 'done', 'already', 'failed', 'skipped'] as const;
export type StepState = (typeof stepStates)[number];

export type Progress = {
  readonly completed: number;
  readonly total: number | null;
  readonly message: string;
  /** What a step that waits has to know again at its next check, e.g. how many tablets were left when. Not shown. */
  readonly memo?: JsonObject;
};

export type Failure = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  /** Position of the step that failed, or null when the failure has nothing to do with a step. */
  readonly step: number | null;
  /** The last lines of the node's log when the step failed, oldest first. */
  readonly log?: readonly string[];
};

export const runVias = ['API', 'SLACK', 'SCHEDULE', 'AUTOMATION'] as const;
export type RunVia = (typeof runVias)[number];

export const runActions = ['APPROVE', 'REJECT', 'CANCEL', 'PAUSE', 'RESUME', 'RETRY', 'UNDO'] as const;
export type RunAction = (typeof runActions)[number];

/** What may be asked of a run in this state, by anybody who is entitled; `undoable` = at least one step is ours and can be undone. */
export function actionsIn(state: RunState, { undoable }: { undoable: boolean }): readonly RunAction[] {
  switch (state) {
    case 'AWAITING_APPROVAL':
      return ['APPROVE', 'REJECT', 'CANCEL'];
    case 'SCHEDULED':
    case 'QUEUED':
      return ['CANCEL', 'PAUSE'];
    case 'RUNNING':
      return ['CANCEL', 'PAUSE'];
    case 'PAUSED':
      return undoable ? ['RESUME', 'CANCEL', 'UNDO'] : ['RESUME', 'CANCEL'];
    case 'INTERRUPTED':
      return undoable ? ['RETRY', 'CANCEL', 'UNDO'] : ['RETRY', 'CANCEL'];
    case 'FAILED':
    case 'CANCELED':
      return undoable ? ['RETRY', 'UNDO'] : ['RETRY'];
    case 'SUCCEEDED':
      return undoable ? ['UNDO'] : [];
    case 'CANCELING':
    case 'UNDOING':
    case 'UNDONE':
    case 'REJECTED':
    case 'EXPIRED':
      return [];
    default:
      return state satisfies never;
  }
}

/** The condition that makes a run `SUCCEEDED`, as it was found on the cluster at the end. */
export type PostCheck = {
  readonly passed: boolean;
  readonly checks: readonly NamedCheck[];
  readonly facts?: JsonObject;
  /**
   * True when a failed check may be so for a moment only, e.g. while a leader is being elected: then it is checked again
   * before it is believed.
   */
  readonly isSettling?: boolean;
};

/** A run as it is stored. */
export type Run = {
  readonly id: string;
  /** The short number that people type: `R-12`. */
  readonly number: number;
  readonly operation: string;
  readonly operationVersion: number;
  readonly targetKind: Target['kind'];
  readonly clusterId: string;
  readonly clusterName: string;
  readonly environment: string;
  readonly state: RunState;
  /** Secrets are references here. */
  readonly input: JsonObject;
  readonly plan: KeptPlan;
  readonly requestedById: string;
  readonly requestedByName: string;
  readonly via: RunVia;
  readonly reason: string | null;
  readonly blockedBy: string | null;
  readonly needsReplan: boolean;
  readonly wakeAt: Date | null;
  readonly fence: number;
  readonly outcome: Outcome | null;
  readonly progress: Progress | null;
  readonly failure: Failure | null;
  readonly postCheck: PostCheck | null;
  readonly beforeUndo: BeforeUndo | null;
  /** Why the run cannot be undone any more, whatever its steps say. */
  readonly undoGone: string | null;
  readonly retryOf: string | null;
  readonly cancelRequested: boolean;
  readonly pauseRequested: boolean;
  readonly revision: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
};

/** What a run will end as, or that it will pause, kept while its temporary changes are being put back. */
export type Outcome = {
  readonly state: 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'UNDONE' | 'PAUSED';
  readonly failure: Failure | null;
  /** The progress that a run shows while it pauses. */
  readonly progress?: Progress | null;
};

/** What a run becomes again when an undo is refused before it begins. */
export type BeforeUndo = Pick<Run, 'state' | 'failure' | 'progress' | 'postCheck' | 'finishedAt'>;

export type RunStep = {
  readonly runId: string;
  readonly position: number;
  readonly phase: StepPhase;
  readonly kind: string;
  readonly title: string;
  readonly params: JsonObject;
  readonly about: Subject;
  readonly effect: StepEffect;
  readonly leaves: string | null;
  readonly removes: string | null;
  /** What the step observed of its subject, in a word, e.g. a version; null = it observed nothing of that kind. */
  readonly observed: string | null;
  /** What a person is to look at, while the step holds the run, until somebody resumes or retries it. */
  readonly hold: string | null;
  readonly state: StepState;
  readonly attempt: number;
  readonly repeatAllowed: boolean;
  readonly undoOf: number | null;
  readonly ledgerId: string | null;
  readonly lane: Lane | null;
  readonly progress: Progress | null;
  readonly failure: Failure | null;
  readonly facts: JsonObject | null;
  readonly startedAt: Date | null;
  readonly appliedAt: Date | null;
  readonly finishedAt: Date | null;
};

export type RunEvent = {
  readonly runId: string;
  readonly sequence: number;
  readonly at: Date;
  readonly type: RunEventType;
  readonly step: number | null;
  readonly message: string;
};

export const runEventTypes = [
  'RUN_CREATED',
  'RUN_STATE',
  'APPROVAL',
  'STEP_STARTED',
  'STEP_PROGRESS',
  'STEP_FINISHED',
  'STEP_FAILED',
  'OUTPUT',
  'TEMPORARY_CHANGE',
  'NOTE',
] as const;
export type RunEventType = (typeof runEventTypes)[number];

export type TemporaryChange = {
  readonly id: string;
  readonly runId: string;
  readonly clusterId: string;
  readonly position: number;
  readonly title: string;
  readonly before: Json;
  /** Of what the value is, e.g. `tablet-scheduling`. */
  readonly setting: string;
  /** When it is to be put back at the latest; null = at the end of its run, whenever that is. */
  readonly until: Date | null;
  readonly state: 'OPEN' | 'RESTORED';
  readonly createdAt: Date;
  readonly restoredAt: Date | null;
};
