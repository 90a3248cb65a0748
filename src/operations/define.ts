import type { z } from 'zod';
import type { Reading } from '../adapters/reading.ts';
import type { ShellReader, SshTarget } from '../adapters/ssh/port.ts';
import type { SqlReader, SqlTarget } from '../adapters/starrocks/port.ts';
import type { Permission } from '../domain/access.ts';
import type { Risk } from '../domain/approval.ts';
import type { LockScope } from '../domain/cluster-lock.ts';
import type { NewHost } from '../domain/inventory.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PlanResult, StepSpec } from '../domain/plan.ts';
import type { PostCheck, StepPhase, StepState } from '../domain/run.ts';
import type { TargetFields } from '../domain/target.ts';
import type { AnyStepKind } from '../steps/define.ts';
import { type InputField, operationTypeName } from './input/input-field.ts';
import { inputFields } from './input/read-fields.ts';

/** Also for entry points, which know operations and no adapter. */
export type { Reading };

/**
 * What only bringing something under management needs: reading a cluster or host that is not recorded yet. It changes
 * nothing anywhere.
 */
export type Registration = {
  /** Environment labels whose clusters need other people's approval. */
  readonly approvalEnvironments: readonly string[];
  /** SQL to a cluster by a login that is not recorded. `passwordRef` may name a secret that came with this input. */
  readonly sqlTo: (target: Omit<SqlTarget, 'password'> & { passwordRef: string }) => SqlReader;
  /**
   * The key that a host shows now, not pinned; for a person to compare. `prefer`: the one of its keys with this
   * fingerprint, if it has that key. `jump`: what lies on the way. Throws `SSH_UNREACHABLE`, and what a login to the jump
   * host throws.
   */
  readonly readHostKey: (
    target: Pick<SshTarget, 'address' | 'port'> & { readonly prefer?: string | null; readonly jump?: JumpLogin | null },
  ) => Promise<{ fingerprint: string }>;
  /**
   * A shell by a login that is not recorded, for looking only. Key and passphrase may have come with this input; a jump
   * host is attached (`jumpHostId`), or its login is given too (`jump`). Throws what the port throws when it is used.
   */
  readonly loginTo: (host: Omit<NewHost, 'id'> & { readonly jump?: JumpLogin | null }) => Promise<ShellReader>;
  /** Whether a secret that came with this input, or a stored one, is an empty text. */
  readonly isEmptySecret: (ref: string) => Promise<boolean>;
  /**
   * Throws `INVALID_INPUT` with the reason when this is not a private key that can be used. Key and passphrase may have
   * come with this input.
   */
  readonly checkPrivateKey: (key: {
    readonly privateKeyRef: string;
    readonly passphraseRef: string | null;
  }) => Promise<void>;
};

/** The login to a jump host that is not recorded yet, and is reached directly. */
export type JumpLogin = Pick<NewHost, 'address' | 'port' | 'user' | 'auth' | 'hostKeyFingerprint'>;

/** How the Slack command for an operation reads its words: `/sr <verb> <positional…>`; the rest are `--flags`. */
export type SlackCommand = {
  readonly verb: string;
  /** Input fields given by position; `clusterId` takes a cluster's name, `nodeId` a node's label or address. */
  readonly positional: readonly string[];
  /** Three real examples, without the slash command itself. */
  readonly examples: readonly string[];
};

/** A step of a run, as far as an operation may see it. */
export type PlannedStep = StepSpec & {
  readonly phase: StepPhase;
  readonly state: StepState;
  /** What it found; null = nothing. Its kind's `readFacts` gives the type. */
  readonly facts?: JsonObject | null;
};

/** A run whose steps are all done; `steps` says what was left out. */
export type EndedRun = { readonly runId: string; readonly steps: readonly PlannedStep[] };

/** How a run may end when it does not end as planned. */
export type OtherEnding = 'UNDONE' | 'FAILED' | 'CANCELED';

/** Fields of an input that hold one text; any name where the type of the input is not known. */
type TextField<I> = string extends keyof I
  ? string
  : { [Field in keyof I & string]: I[Field] extends string ? Field : never }[keyof I & string];

export type Operation<I extends JsonObject, F> = {
  /** The mutation's name. */
  readonly name: string;
  readonly title: string;
  /** Grows when a plan of an older version must not be continued by this code. */
  readonly version: number;
  /** One sentence that an operator understands at 3 a.m. */
  readonly summary: string;
  readonly permission: Permission;
  readonly risk: Risk;
  /**
   * What a run holds of the cluster while others that need the same wait; absent = the cluster. Whoever pauses tablet
   * scheduling names that too.
   */
  readonly locks?: readonly LockScope[];
  /** Whom the operation is about, and which fields of the input say so. */
  readonly target: TargetFields<TextField<I>>;
  readonly input: z.ZodType<I> & { shape: Readonly<Record<string, z.ZodType>> };
  readonly example: NoInfer<I>;
  readonly slack: SlackCommand | null;
  readonly steps: readonly AnyStepKind[];
  /**
   * Why a run that succeeded has nothing to take back, although its steps could be undone before it ended; absent = it
   * has something to take back.
   */
  readonly noUndoAfterSuccess?: string;
  /** Fills in what was left open (a snapshot's name), once, before the first plan; the result is stored as the run's input. */
  complete?(input: I, given: { now: Date }): I;
  observe(input: I, reading: Reading, registration: Registration): Promise<F>;
  /** Pure and synchronous: the same input and facts give the same plan. */
  plan(input: I, facts: F): PlanResult;
  /**
   * Plans the way back, for an operation whose steps cannot simply be taken back newest first. Called when the undo
   * begins, with the cluster as it is then; refusals end the undo. Steps whose `undo` says `planned` are taken back by
   * this plan.
   */
  planUndo?(input: I, reading: Reading, run: EndedRun): Promise<PlanResult>;
  /** Why a run that has come this far cannot be undone any more; null = it can. Pure. */
  whyNoUndo?(input: I, steps: readonly PlannedStep[]): string | null;
  /**
   * Why the run may not go on without this lane, given the lane's steps; null = it may, if a person decides so. Absent =
   * a run never goes on without a lane.
   */
  whyNotWithout?(lane: readonly PlannedStep[]): string | null;
  /** Checks the cluster once more when every step is done; the run succeeds only if this passes. */
  postCheck(input: I, reading: Reading, run: EndedRun): Promise<PostCheck>;
  /**
   * Does the same at every other end of a run that has changed something. An undo succeeds only if this passes; after a
   * failure or a cancellation it only shows how things were left. Every operation with a way back has one, because what
   * `postCheck` found does not answer for these ends.
   */
  endCheck?(input: I, reading: Reading, run: EndedRun & { readonly ending: OtherEnding }): Promise<PostCheck>;
};

/** An operation with its types hidden. Inputs are parsed by `input` before they come here. */
export type AnyOperation = Omit<
  Operation<JsonObject, unknown>,
  'target' | 'complete' | 'observe' | 'plan' | 'planUndo' | 'whyNoUndo' | 'postCheck' | 'endCheck'
> & {
  readonly target: TargetFields<string>;
  /** What `input` takes, as data. */
  readonly fields: readonly InputField[];
  complete(input: JsonObject, given: { now: Date }): JsonObject;
  /** Observes, then plans. */
  observeAndPlan(input: JsonObject, reading: Reading, registration: Registration): Promise<PlanResult>;
  /** Null = the steps are taken back newest first. */
  readonly planUndo: ((input: JsonObject, reading: Reading, run: EndedRun) => Promise<PlanResult>) | null;
  whyNoUndo(input: JsonObject, steps: readonly PlannedStep[]): string | null;
  postCheck(input: JsonObject, reading: Reading, run: EndedRun): Promise<PostCheck>;
  /** Null = the operation has no end check. */
  readonly endCheck:
    | ((input: JsonObject, reading: Reading, run: EndedRun & { readonly ending: OtherEnding }) => Promise<PostCheck>)
    | null;
};

/** Defines an operation. Everything else (API, Slack, docs, tests) is made from the object this returns. */
export function defineOperation<I extends JsonObject, F>(definition: Operation<I, F>): AnyOperation {
  const parse = (input: JsonObject): I => definition.input.parse(input);
  return {
    ...definition,
    fields: inputFields(operationTypeName(definition.name), definition.input),
    complete: (input, given) => definition.complete?.(parse(input), given) ?? input,
    observeAndPlan: async (input, reading, registration) => {
      const parsed = parse(input);
      return definition.plan(parsed, await definition.observe(parsed, reading, registration));
    },
    planUndo:
      definition.planUndo === undefined
        ? null
        : async (input, reading, run) =>
            (await definition.planUndo?.(parse(input), reading, run)) ?? { summary: '', steps: [] },
    whyNoUndo: (input, steps) => definition.whyNoUndo?.(parse(input), steps) ?? null,
    postCheck: (input, reading, run) => definition.postCheck(parse(input), reading, run),
    endCheck:
      definition.endCheck === undefined
        ? null
        : async (input, reading, run) =>
            (await definition.endCheck?.(parse(input), reading, run)) ?? { passed: false, checks: [] },
  };
}
