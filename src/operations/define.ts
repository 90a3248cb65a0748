import type { z } from 'zod';
import type { Archives } from '../adapters/archives/port.ts';
import type { Node, NodeRef } from '../adapters/nodes/port.ts';
import type { Shell, SshTarget } from '../adapters/ssh/port.ts';
import type { SqlTarget, StarRocksSql } from '../adapters/starrocks/port.ts';
import type { Permission } from '../domain/access.ts';
import type { Risk } from '../domain/approval.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PlanResult, StepSpec } from '../domain/plan.ts';
import type { PostCheck, StepPhase, StepState } from '../domain/run.ts';
import type { TargetFields } from '../domain/target.ts';
import type { AnyStepKind, Ports } from '../steps/define.ts';
import { type InputField, operationTypeName } from './input/input-field.ts';
import { inputFields } from './input/read-fields.ts';

/** What `observe` may read. It changes nothing anywhere. */
export type ObserveContext = Pick<Ports, 'http' | 'inventory'> & {
  /** Release archives as this process sees them. */
  readonly archives: Archives;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Environment labels whose clusters need other people's approval. */
  readonly approvalEnvironments: readonly string[];
  /** SQL to a registered cluster, by id. */
  readonly sqlFor: (clusterId: string) => Promise<StarRocksSql>;
  /** SQL to a cluster that is not registered yet. `passwordRef` may name a secret that came with this very input. */
  readonly sqlTo: (target: Omit<SqlTarget, 'password'> & { passwordRef: string }) => StarRocksSql;
  readonly node: (node: NodeRef) => Promise<Node>;
  readonly shell: (hostId: string) => Promise<Shell>;
  /**
   * The key a host shows now, unpinned; for a person to compare. `prefer`: the one of its keys that has this fingerprint, if
   * there is such a one. Throws `SSH_UNREACHABLE`.
   */
  readonly readHostKey: (
    target: Pick<SshTarget, 'address' | 'port'> & { readonly prefer?: string | null },
  ) => Promise<{ fingerprint: string }>;
  /** Throws `INVALID_INPUT` with the reason when it is no private key that can be used. Either may have come with this input. */
  readonly checkPrivateKey: (key: {
    readonly privateKeyRef: string;
    readonly passphraseRef: string | null;
  }) => Promise<void>;
};

/** How the Slack command for an operation reads its words: `/sr <verb> <positional…>`; the rest are `--flags`. */
export type SlackCommand = {
  readonly verb: string;
  /** Input fields given by position; `clusterId` takes a cluster's name, `nodeId` a node's label or address. */
  readonly positional: readonly string[];
  /** Three real examples, without the slash command itself. */
  readonly examples: readonly string[];
};

/** A step of a run as far as an operation may look at it. */
export type PlannedStep = StepSpec & { readonly phase: StepPhase; readonly state: StepState };

/** A run whose steps are all done; `steps` says what was left out. */
export type EndedRun = {
  readonly runId: string;
  readonly clusterId: string;
  readonly signal: AbortSignal;
  readonly steps: readonly PlannedStep[];
};

export type UndoneRun = { readonly runId: string; readonly steps: readonly PlannedStep[] };

/** Fields of an input that hold one text; any name where the shape of the input is not known. */
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
  /** About whom it is, and which fields of the input say so. */
  readonly target: TargetFields<TextField<I>>;
  readonly input: z.ZodType<I> & { shape: Readonly<Record<string, z.ZodType>> };
  readonly example: I;
  readonly slack: SlackCommand | null;
  readonly steps: readonly AnyStepKind[];
  /** Why a run that succeeded has nothing to take back, though its steps could be undone on the way; absent = it has. */
  readonly noUndoAfterSuccess?: string;
  /** Fills in what was left open (a snapshot's name), once, before the first plan; the result is stored as the run's input. */
  complete?(input: I, given: { now: Date }): I;
  observe(input: I, context: ObserveContext): Promise<F>;
  /** Pure and synchronous: the same input and facts give the same plan. */
  plan(input: I, facts: F): PlanResult;
  /**
   * The way back, for an operation whose steps cannot simply be taken back newest first. Made when the undo begins, from
   * what the cluster is then; refusals end the undo. Steps whose `undo` says `planned` are taken back by this.
   */
  planUndo?(input: I, run: UndoneRun, context: ObserveContext): Promise<PlanResult>;
  /** Why a run that has come this far cannot be undone any more; null = it can. Pure. */
  whyNoUndo?(input: I, steps: readonly PlannedStep[]): string | null;
  /** Why the run may not go on without this lane, given its steps; null = it may, if a person says so. Absent = never. */
  whyNotWithout?(lane: readonly PlannedStep[]): string | null;
  /** Looks at the cluster once more when every step is done; the run succeeds only if it passes. */
  postCheck(input: I, ports: Ports, run: EndedRun): Promise<PostCheck>;
  /**
   * The same for every other end of a run that has changed something. An undo is done only if this passes; after a failure
   * or a cancellation it only says how things were left. Every operation with a way back has one: what `postCheck` found is
   * no answer for them.
   */
  endCheck?(input: I, ports: Ports, run: EndedRun & { readonly ending: OtherEnding }): Promise<PostCheck>;
};

/** How a run ends that does not end as planned. */
export type OtherEnding = 'UNDONE' | 'FAILED' | 'CANCELED';

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
  observeAndPlan(input: JsonObject, context: ObserveContext): Promise<PlanResult>;
  /** Null = the steps are taken back newest first. */
  readonly planUndo: ((input: JsonObject, run: UndoneRun, context: ObserveContext) => Promise<PlanResult>) | null;
  whyNoUndo(input: JsonObject, steps: readonly PlannedStep[]): string | null;
  postCheck(input: JsonObject, ports: Ports, run: EndedRun): Promise<PostCheck>;
  /** Null = nobody looks. */
  readonly endCheck:
    | ((input: JsonObject, ports: Ports, run: EndedRun & { readonly ending: OtherEnding }) => Promise<PostCheck>)
    | null;
};

/** Defines an operation. Everything else (API, Slack, docs, tests) is made from the object this returns. */
export function defineOperation<I extends JsonObject, F>(definition: Operation<I, F>): AnyOperation {
  const parse = (input: JsonObject): I => definition.input.parse(input);
  return {
    ...definition,
    fields: inputFields(operationTypeName(definition.name), definition.input),
    complete: (input, given) => definition.complete?.(parse(input), given) ?? input,
    observeAndPlan: async (input, context) => {
      const parsed = parse(input);
      return definition.plan(parsed, await definition.observe(parsed, context));
    },
    planUndo:
      definition.planUndo === undefined
        ? null
        : async (input, run, context) =>
            (await definition.planUndo?.(parse(input), run, context)) ?? { summary: '', steps: [] },
    whyNoUndo: (input, steps) => definition.whyNoUndo?.(parse(input), steps) ?? null,
    postCheck: (input, ports, run) => definition.postCheck(parse(input), ports, run),
    endCheck:
      definition.endCheck === undefined
        ? null
        : async (input, ports, run) =>
            (await definition.endCheck?.(parse(input), ports, run)) ?? { passed: false, checks: [] },
  };
}
