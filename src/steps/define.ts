import type { z } from 'zod';
import type { Node, NodeRef } from '../adapters/nodes/port.ts';
import type { RecentLooks } from '../adapters/nodes/recent-look.ts';
import type { ObjectStore, StorePlace } from '../adapters/object-store/port.ts';
import type { Reading } from '../adapters/reading.ts';
import type { Shell } from '../adapters/ssh/port.ts';
import type { SqlLogin, StarRocksSql } from '../adapters/starrocks/port.ts';
import type { InventoryRecord, NewHost } from '../domain/inventory.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Check } from '../domain/next-action.ts';
import type { Lane, StepSpec } from '../domain/plan.ts';
import type { StepEffect, Subject } from '../domain/subject.ts';

/**
 * Everything a step may reach. A step kind names the ports it uses and is handed those alone; where it only looks, their
 * types have nothing that changes anything.
 */
export type Ports = Pick<Reading, 'http' | 'inventory' | 'catalogue' | 'archives'> & {
  readonly sql: StarRocksSql;
  /** SQL to one frontend by a login of its own. */
  readonly sqlAs: (login: SqlLogin) => StarRocksSql;
  /**
   * An attached node. `guard` is called before each of its effects, also in the middle of a long one, and stops it by
   * throwing: there the worker that drives a run checks its lease. `looks` = what this drive saw of nodes a moment ago.
   */
  readonly node: (node: NodeRef, guard?: () => void, looks?: RecentLooks) => Promise<Node>;
  /** A shell on an attached host, by host id: for what is about the host. What is about a node goes through `node`. */
  readonly shell: (hostId: string) => Promise<Shell>;
  /** A shell by a login that is not recorded yet. */
  readonly login: (host: Omit<NewHost, 'id'>) => Promise<Shell>;
  /** The objects of a repository that is under management. `guard` is called before each request that changes something. */
  readonly objects: (repository: string, guard?: () => void) => Promise<ObjectStore>;
  readonly objectsAt: (place: StorePlace, guard?: () => void) => Promise<ObjectStore>;
};

export type PortName = keyof Ports;

/** The same ports, for reading only. */
export type ReadingPorts<N extends PortName> = Pick<Reading, N & keyof Reading>;

/** What a step knows about the run it is part of. */
export type StepContext = Pick<Reading, 'clusterId' | 'signal' | 'now'> & {
  readonly runId: string;
  /** Adds a line to the run's events; the text is redacted before it is stored. */
  readonly log: (line: string) => void;
  /** When this step was first tried, by the journal; null = not yet. */
  readonly startedAt: Date | null;
  /** How often `apply` was begun, by the journal; 0 = an effect that `check` finds was not made by this run. */
  readonly attempts: number;
  /** True when a worker saw `apply` return; false = it was not sent, or nobody knows. */
  readonly applied: boolean;
  /** What this step's last answer `moving` had as `memo`, from the journal, so that it survives a crash. */
  readonly memo?: JsonObject;
  /** How many other lanes of the same stage were not begun yet: while there are some, `check` may answer `defer`. */
  readonly waitingLanes: number;
};

/** What the engine passes to a step. */
export type EngineContext = StepContext & {
  /** The last finished step of one of these kinds before this step: in its lane, else outside all lanes. */
  readonly earlier: (kinds: readonly string[]) => Promise<EarlierStep | null>;
};

export type EarlierStep = { readonly kind: string; readonly facts: JsonObject | null };

/**
 * A kind as another one may need it: `readFacts` reads the facts that a step of this kind found, and answers null for
 * anything else.
 */
export type Needed<F extends JsonObject> = {
  readonly kind: string;
  readFacts(facts: JsonObject | null): F | null;
};

/** What a step has to know of earlier ones, by a name of its own; of several kinds, the one that came last counts. */
export type Needs = Readonly<Record<string, readonly Needed<JsonObject>[]>>;

/** The facts of the earlier steps; null = there is no such step, or it found nothing. */
export type Found<R extends Needs> = {
  readonly [K in keyof R]: R[K][number] extends Needed<infer F> ? F | null : never;
};

/** What a step kind's own functions get. */
type Context<R extends Needs> = StepContext & { readonly found: Found<R> };

/** How a step is taken back: by further steps, or not at all, with the reason. */
export type Undo<P> =
  | { readonly steps: (params: P) => readonly StepSpec[] }
  /** There is nothing to take back, e.g. the step only read. */
  | { readonly nothing: string }
  /** It cannot be taken back; the reason is shown before the run starts. */
  | { readonly impossible: string }
  /** The operation's `planUndo` takes it back, in an order that depends on how the cluster is then. */
  | { readonly planned: string };

/**
 * A change that must not outlive the run. `read` gives the value from before the change; it is stored as a temporary
 * change before `apply`, and the steps from `restore` run on every way out.
 */
export type Temporary<P, N extends PortName> = {
  /** Of what the value is, for whoever looks why it is as it is: the ledger is asked by it. */
  readonly setting: string;
  /** When it is to be put back at the latest; absent = at the end of the run, whenever that is. */
  until?(params: P): Date;
  read(params: P, ports: ReadingPorts<N>, context: StepContext): Promise<Json>;
  restore(params: P, before: Json): readonly StepSpec[];
};

/** The step has failed, and what it found is to be remembered all the same. */
export type FailedWithRecords = Extract<Check, { state: 'blocked' }> & { readonly records: readonly InventoryRecord[] };

type Seen<F extends JsonObject> = Extract<Check<F>, { state: 'done' }> | FailedWithRecords;

/** What `apply` saw: nothing, or that the effect is there, or that it failed after it had found something. */
// biome-ignore lint/suspicious/noConfusingVoidType: most of what is applied has nothing to answer.
export type Applied<F extends JsonObject = JsonObject> = void | Seen<F>;

/** The ports of `apply`: a step that says that it only looks or waits gets no port that changes anything. */
type ApplyPorts<N extends PortName> = {
  readonly 'takes-away': Pick<Ports, N>;
  readonly 'brings-back': Pick<Ports, N>;
  readonly changes: Pick<Ports, N>;
  readonly looks: ReadingPorts<N>;
  readonly waits: ReadingPorts<N>;
};

export type StepKind<
  P extends JsonObject,
  N extends PortName,
  E extends StepEffect,
  F extends JsonObject,
  R extends Needs,
> = {
  readonly kind: string;
  readonly params: z.ZodType<P>;
  readonly ports: readonly N[];
  /** Whom or what the step is about. */
  about(params: NoInfer<P>): Subject;
  /** What the step does to its subject. */
  readonly effect: E | ((params: P) => E);
  /** What the step leaves beside its subject until another step removes that, see `hasLeft`. */
  readonly leaves?: string;
  readonly removes?: string;
  /** The facts that a step of this kind finds, for kinds that need them. */
  readonly facts?: z.ZodType<F>;
  /** What the step observed of its subject, in a word from its facts, e.g. a version; null = nothing. */
  observed?(facts: NoInfer<F>): string | null;
  /** The earlier kinds whose facts this step works with; they come as `found`. */
  readonly needs?: R;
  /** Milliseconds from the first try until the step counts as failed with `HEALTH_GATE_TIMEOUT` or `TIMEOUT`. */
  readonly timeoutMs: number | ((params: P) => number);
  /**
   * How many milliseconds the effect may take to show after `apply` returned; until then a `todo` means "not yet".
   * Default 0.
   */
  readonly settleMs?: number;
  /** May `apply` be sent again when a crash left it unknown whether it was sent? `ask` = a person decides. */
  readonly repeat: 'safe' | 'ask';
  /** One line for people: what this step does to what. */
  describe(params: P): string;
  /** Asks the cluster, never the journal, whether the effect is there. Changes nothing. */
  check(params: P, ports: ReadingPorts<N>, context: Context<R>): Promise<Check<NoInfer<F>>>;
  /**
   * Brings the effect about, or sets it in motion. Absent for gates, which only wait. If it saw the effect itself, it may
   * answer `done`, which saves a check; nothing else may be concluded from its answer. A step whose only effect is a row
   * of Starwarden's own answers the row in `records`: there is no other way to write one.
   */
  apply?(params: P, ports: ApplyPorts<N>[E], context: Context<R>): Promise<Applied<NoInfer<F>>>;
  /**
   * What has to be recorded before the effect begins, whatever becomes of it: it is written with each entry that says
   * `applying`.
   */
  recordsBefore?(params: P): readonly InventoryRecord[];
  /** Stops what `apply` set in motion, when the run is cancelled in the middle. Absent: the step is waited for. */
  stop?(params: P, ports: Pick<Ports, N>, context: Context<R>): Promise<void>;
  readonly undo: Undo<P>;
  /**
   * Steps that take this step back by themselves when it, or a later step of its lane, fails. They run newest first,
   * before the run ends as `FAILED`.
   */
  recover?(params: P): readonly StepSpec[];
  /**
   * Set when nothing that the lane did before this step is taken back any more once it is done: a node that was stopped to
   * be dropped stays down, whatever becomes of the steps after the drop.
   */
  readonly pointOfNoReturn?: true;
  /**
   * Set when `recover` is needed even if the effect was there before the step: a node that was down when its turn came is
   * brought up with the rest, once a later step of its lane has changed something.
   */
  readonly recoversAlready?: true;
  /** Lines that help to understand why the step failed, e.g. the end of a node's log. Reads only. */
  diagnose?(params: P, ports: ReadingPorts<N>, context: Context<R>): Promise<readonly string[]>;
  readonly temporary?: Temporary<P, N>;
  /**
   * Set when the cluster must not stay as this step leaves it, e.g. with a node stopped: a request to cancel or pause
   * then waits for the end of the next step.
   */
  readonly bindsNext?: true;
  /**
   * Set when the step lasts, and its effect may be lost meanwhile without anybody's doing: then `apply` brings it about
   * again. `apply` must throw when its effect is not there afterwards, and `repeat` must be `safe`.
   */
  readonly keepsUp?: true;
  /**
   * Set when `apply` may take long and can be broken off anywhere, e.g. an upload: a request to cancel aborts its signal.
   * What it has done by then must be harmless.
   */
  readonly abortable?: true;
};

/** A step kind with its parameter type hidden: parameters are parsed again before each use, so that is safe. */
export type AnyStepKind = {
  readonly kind: string;
  readonly ports: readonly PortName[];
  readonly repeat: 'safe' | 'ask';
  readonly settleMs: number;
  readonly isGate: boolean;
  readonly canStop: boolean;
  readonly isTemporary: boolean;
  /** Of what the value is that it changes for a time; null = the step is not temporary. */
  readonly temporarySetting: string | null;
  readonly bindsNext: boolean;
  readonly abortable: boolean;
  readonly keepsUp: boolean;
  readonly recoversAlready: boolean;
  readonly pointOfNoReturn: boolean;
  /** The kinds whose facts the step works with: one of each list. */
  readonly needs: readonly (readonly Needed<JsonObject>[])[];
  /** Whether other kinds may need its facts. */
  readonly hasFacts: boolean;
  /** Reason why it cannot be undone, or null. */
  readonly undoImpossible: string | null;
  /** True when steps of its own take it back. */
  readonly canUndo: boolean;
  /** True when the operation's `planUndo` takes it back. */
  readonly undoPlanned: boolean;
  timeoutMs(params: JsonObject): number;
  describe(params: JsonObject): string;
  about(params: JsonObject): Subject;
  effect(params: JsonObject): StepEffect;
  observed(facts: JsonObject | null): string | null;
  check(params: JsonObject, ports: Ports, context: EngineContext): Promise<Check>;
  apply(params: JsonObject, ports: Ports, context: EngineContext): Promise<Applied>;
  recordsBefore(params: JsonObject): readonly InventoryRecord[];
  stop(params: JsonObject, ports: Ports, context: EngineContext): Promise<void>;
  undoSteps(params: JsonObject): readonly StepSpec[];
  recoverSteps(params: JsonObject): readonly StepSpec[];
  diagnose(params: JsonObject, ports: Ports, context: EngineContext): Promise<readonly string[]>;
  readBefore(params: JsonObject, ports: Ports, context: EngineContext): Promise<Json>;
  /** When the temporary change is to be put back at the latest; null = at the end of the run. */
  temporaryUntil(params: JsonObject): Date | null;
  restoreSteps(params: JsonObject, before: Json): readonly StepSpec[];
  /** The step as plain data, for a plan. */
  spec(params: JsonObject): StepSpec;
};

export type DefinedStepKind<P extends JsonObject, F extends JsonObject = JsonObject> = AnyStepKind &
  Needed<F> & { with(params: P, lane?: Lane): StepSpec };

/** Defines a step kind. `with(params)` makes the plain data that plans are built of. */
export function defineStep<
  P extends JsonObject,
  N extends PortName,
  const E extends StepEffect,
  F extends JsonObject = JsonObject,
  R extends Needs = Record<never, never>,
>(definition: StepKind<P, N, E, F, R>): DefinedStepKind<P, F> {
  const parse = (params: JsonObject): P => definition.params.parse(params);
  const pick = (ports: Ports) => pickPorts(ports, definition.ports);
  const effectOf = (params: P) =>
    typeof definition.effect === 'function' ? definition.effect(params) : definition.effect;
  const spec = (params: JsonObject): StepSpec => {
    const parsed = parse(params);
    return {
      kind: definition.kind,
      title: definition.describe(parsed),
      params: parsed,
      about: definition.about(parsed),
      effect: effectOf(parsed),
      ...(definition.leaves === undefined ? {} : { leaves: definition.leaves }),
      ...(definition.removes === undefined ? {} : { removes: definition.removes }),
    };
  };
  const readFacts = (facts: JsonObject | null): F | null => definition.facts?.safeParse(facts).data ?? null;
  const withFound = async ({ earlier, ...context }: EngineContext): Promise<Context<R>> => ({
    ...context,
    found: await findNeeded(definition.needs, earlier),
  });
  return {
    kind: definition.kind,
    ports: definition.ports,
    repeat: definition.repeat,
    settleMs: definition.settleMs ?? 0,
    isGate: definition.apply === undefined,
    canStop: definition.stop !== undefined,
    isTemporary: definition.temporary !== undefined,
    bindsNext: definition.bindsNext ?? false,
    abortable: definition.abortable ?? false,
    keepsUp: definition.keepsUp ?? false,
    temporarySetting: definition.temporary?.setting ?? null,
    recoversAlready: definition.recoversAlready ?? false,
    pointOfNoReturn: definition.pointOfNoReturn ?? false,
    canUndo: 'steps' in definition.undo,
    undoPlanned: 'planned' in definition.undo,
    undoImpossible: 'impossible' in definition.undo ? definition.undo.impossible : null,
    needs: Object.values(definition.needs ?? {}),
    hasFacts: definition.facts !== undefined,
    readFacts,
    observed: (facts) => {
      const found = readFacts(facts);
      return found === null ? null : (definition.observed?.(found) ?? null);
    },
    timeoutMs: (params) =>
      typeof definition.timeoutMs === 'number' ? definition.timeoutMs : definition.timeoutMs(parse(params)),
    describe: (params) => definition.describe(parse(params)),
    about: (params) => definition.about(parse(params)),
    effect: (params) => effectOf(parse(params)),
    check: async (params, ports, context) => definition.check(parse(params), pick(ports), await withFound(context)),
    apply: async (params, ports, context) => definition.apply?.(parse(params), pick(ports), await withFound(context)),
    recordsBefore: (params) => definition.recordsBefore?.(parse(params)) ?? [],
    stop: async (params, ports, context) => definition.stop?.(parse(params), pick(ports), await withFound(context)),
    undoSteps: (params) => ('steps' in definition.undo ? definition.undo.steps(parse(params)) : []),
    recoverSteps: (params) => definition.recover?.(parse(params)) ?? [],
    diagnose: async (params, ports, context) =>
      (await definition.diagnose?.(parse(params), pick(ports), await withFound(context))) ?? [],
    readBefore: async (params, ports, context) =>
      (await definition.temporary?.read(parse(params), pick(ports), context)) ?? null,
    temporaryUntil: (params) => definition.temporary?.until?.(parse(params)) ?? null,
    restoreSteps: (params, before) => definition.temporary?.restore(parse(params), before) ?? [],
    spec,
    with: (params, lane) => (lane === undefined ? spec(params) : { ...spec(params), lane }),
  };
}

async function findNeeded<R extends Needs>(needs: R | undefined, earlier: EngineContext['earlier']): Promise<Found<R>> {
  const found: Record<string, JsonObject | null> = {};
  for (const [name, kinds] of Object.entries(needs ?? {})) {
    const step = await earlier(kinds.map(({ kind }) => kind));
    found[name] = kinds.find(({ kind }) => kind === step?.kind)?.readFacts(step?.facts ?? null) ?? null;
  }
  return found as Found<R>; // each name of R got what one of its own kinds reads
}

function pickPorts<N extends PortName>(ports: Ports, names: readonly N[]): Pick<Ports, N> & ReadingPorts<N> {
  const picked: Partial<Ports> = {};
  for (const name of names) Object.assign(picked, { [name]: ports[name] });
  return picked as Pick<Ports, N> & ReadingPorts<N>; // every name of N was copied in the loop above
}
