import { type Actor, can } from '../domain/access.ts';
import { approvalsRequired, approvalTtlMs, needsConfirmation } from '../domain/approval.ts';
import { type JsonObject, keyedHashJson } from '../domain/json.ts';
import { generatedTexts, type KeptPlan, makePlan, type Plan, type Refusal, secretRefPattern } from '../domain/plan.ts';
import type { Run } from '../domain/run.ts';
import { accessTo, namedTarget, type Target } from '../domain/target.ts';
import { AppError, toUserError, type UserError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { AnyOperation, Reading, Registration } from '../operations/define.ts';
import { parseInput } from '../operations/input/parse-input.ts';
import { redactInput, replaceSecrets } from '../operations/input/secret-fields.ts';
import { insertAudit } from '../store/access/audit.ts';
import type { Database } from '../store/database.ts';
import { findVisibleCluster } from '../store/reads/clusters.ts';
import { findVisibleRun } from '../store/reads/runs.ts';
import { visibilityOf } from '../store/reads/visibility.ts';
import { findIdempotencyKey, insertRun, type StandingConsent } from '../store/runs/new-runs.ts';
import { readRun } from '../store/runs/runs.ts';
import { findFiring, type RunOfSchedule } from '../store/schedules/firings.ts';
import { type PendingSecret, parseSecret, type SecretSettings } from '../store/secrets/secrets.ts';
import { notesOnCalendar } from './calendar-notes.ts';
import type { Engine } from './engine.ts';

export type RunOptions = {
  readonly dryRun?: boolean;
  readonly reason?: string | null;
  readonly idempotencyKey?: string | null;
  readonly planHash?: string | null;
  readonly confirm?: string | null;
};

export type SubmitResult =
  | {
      readonly run: Run | null;
      readonly plan: Plan | null;
      readonly userErrors: readonly UserError[];
      readonly replayed: false;
    }
  /** The idempotency key was used before, or the time of the schedule fired for: the run that was made then. */
  | { readonly run: Run; readonly plan: KeptPlan; readonly userErrors: readonly []; readonly replayed: true };

export type SubmitRequest = {
  readonly operation: string;
  readonly input: unknown;
  readonly actor: Actor;
  readonly options?: RunOptions;
  readonly requestId?: string | null;
  readonly retryOf?: string | null;
  /** The time of a schedule that the run is for: at most one run is made for it. Left out = for none. */
  readonly schedule?: {
    readonly firing: RunOfSchedule;
    /** Who agreed to the schedule once, so that its run waits for nobody; null = the run is approved like any other. */
    readonly consent: StandingConsent | null;
  };
};

/** How long reading the cluster for a plan may take before the caller is told that it did not answer. */
const observeTimeoutMs = 25_000;

/**
 * The only way to a run. Parses, authorizes, observes, plans and admits; then ONE transaction holds run, steps and audit row.
 * Nothing is changed anywhere but in Starwarden's own database. Mistakes of input and refusals come back as
 * `userErrors`; throws `FORBIDDEN` when the actor may see the cluster but not do this.
 */
export async function submit(deps: Engine, request: SubmitRequest): Promise<SubmitResult> {
  try {
    return await admit(deps, request);
  } catch (error) {
    if (error instanceof AppError && error.code !== 'FORBIDDEN' && error.code !== 'STORE_UNAVAILABLE')
      return refused([toUserError(error)]);
    throw error;
  }
}

async function admit(deps: Engine, request: SubmitRequest): Promise<SubmitResult> {
  const operation = deps.operations.get(request.operation);
  if (operation === undefined)
    throw new AppError('NOT_FOUND', `There is no operation ${request.operation}`, {
      hint: 'Query `operations` for the list.',
    });
  const options = checkOptions(request.options ?? {});
  const parsed = parseInput(operation, request.input);
  if ('userErrors' in parsed) return refused(parsed.userErrors);
  const sealed = takeSecrets(operation, parsed.input, { settings: deps.secrets, keepRefs: request.retryOf != null });
  // Before everything else: if the first request unregistered the cluster, the second one would not find it.
  const inputHash = keyedHashJson({ operation: operation.name, input: parsed.input }, hashKey(deps.secrets));
  const replay = await findReplay(deps, request.actor, options.idempotencyKey, inputHash);
  if (replay !== null) return replay;
  const target = await authorize(deps, operation, sealed.input, request);
  const { cluster } = target;
  if (needsConfirmation(operation.risk) && options.dryRun !== true && options.confirm !== cluster.name) {
    throw new AppError('CONFIRMATION_MISMATCH', `${operation.title} needs the name of the cluster, typed`, {
      hint: `Give confirm: "${cluster.name}"`,
      path: ['options', 'confirm'],
    });
  }

  const input = operation.complete(sealed.input, { now: deps.now() });
  const planned = await planOperation(
    operation,
    input,
    {
      reading: deps.connections.reading(cluster.id, AbortSignal.timeout(observeTimeoutMs)),
      registration: deps.connections.registration(sealed.pending),
    },
    generatedTexts(sealed.input, input),
  );
  if ('userErrors' in planned) return refused(planned.userErrors);
  const notes = await notesOnCalendar(deps, { actor: request.actor, target, risk: operation.risk });
  const plan = { ...planned.plan, notes: [...planned.plan.notes, ...notes] };
  if (options.planHash !== null && options.planHash !== plan.hash) {
    throw new AppError('PLAN_STALE', 'The cluster or the input changed: the plan is not the one that was shown', {
      hint: 'Look at the plan with dryRun: true, and give its hash.',
      path: ['options', 'planHash'],
    });
  }
  if (options.dryRun) return { run: null, plan, userErrors: [], replayed: false };
  if (planned.blockers.length > 0) return refused(planned.blockers);

  const consent = request.schedule?.consent ?? null;
  const required = approvalsRequired(operation.risk, {
    environment: cluster.environment,
    approvalEnvironments: deps.approvalEnvironments,
  });
  const id = newId('run');
  const created = await insertRun(deps.db, {
    id,
    operationVersion: operation.version,
    target,
    input,
    plan,
    actor: request.actor,
    reason: options.reason,
    retryOf: request.retryOf ?? null,
    secrets: sealed.pending,
    keys: deps.secrets.keys,
    approval: required === 0 ? null : approvalOf(required, consent),
    schedule: request.schedule?.firing ?? null,
    idempotency: options.idempotencyKey === null ? null : { key: options.idempotencyKey, inputHash },
    auditDetail: redactInput(input),
    requestId: request.requestId ?? null,
  });
  if (created === 'duplicate') {
    const other = await findReplay(deps, request.actor, options.idempotencyKey, inputHash);
    if (other !== null) return other;
  }
  if (created === 'taken') return answerTaken(deps, request);
  deps.ring(id);
  deps.changed(id);
  return { run: await readRun(deps.db, id), plan, userErrors: [], replayed: false };
}

/** A consent that was given before counts as the one approval that the run needs, and is looked at again when it begins. */
function approvalOf(required: number, consent: StandingConsent | null) {
  const id = newId('apr');
  if (consent === null) return { id, required, ttlMs: approvalTtlMs, given: null };
  return { id, required: 1, ttlMs: approvalTtlMs, given: consent };
}

/** Somebody else has the time of the schedule: the run that they made for it, or why there is none. */
async function answerTaken(deps: Engine, { schedule, actor }: SubmitRequest): Promise<SubmitResult> {
  const firing = schedule?.firing;
  const kept = firing === undefined ? null : await findFiring(deps.db, firing.scheduleId, firing.slotAt);
  const visibility = visibilityOf(actor, 'cluster:read');
  const run = kept?.runId == null ? null : await findVisibleRun(deps.db, { visibility, id: kept.runId });
  if (run !== null) return { run, plan: run.plan, userErrors: [], replayed: true };
  throw new AppError('PRECONDITION_FAILED', 'A run of this schedule was begun meanwhile, or the schedule was changed', {
    hint: 'Look at the schedule and its last runs.',
    retryable: true,
  });
}

/** Observes and plans; also what a waiting run does again before its first step. */
export async function planOperation(
  operation: AnyOperation,
  input: JsonObject,
  { reading, registration }: { reading: Reading; registration: Registration },
  generated: readonly string[],
): Promise<{ plan: Plan; blockers: readonly UserError[] } | { userErrors: readonly UserError[] }> {
  const result = await operation.observeAndPlan(input, reading, registration);
  if ('refusals' in result) return { userErrors: result.refusals.map(toPlanError) };
  return { plan: makePlan(operation, result, generated), blockers: (result.blockers ?? []).map(toPlanError) };
}

function toPlanError(refusal: Refusal): UserError {
  return { ...refusal, path: refusal.path ?? null, retryable: false };
}

/** Finds whom the input is about, once: everything after this takes the target from here. */
async function authorize(
  deps: Engine,
  operation: AnyOperation,
  input: JsonObject,
  request: SubmitRequest,
): Promise<Target> {
  const { actor } = request;
  const target = await findTarget(deps.db, { operation, input, actor });
  const { kind, cluster } = target;
  if (can(actor, operation.permission, accessTo(target))) return target;
  await insertAudit(deps.db, {
    actor,
    action: operation.name,
    subject: cluster.name,
    clusterId: kind === 'new-cluster' ? null : cluster.id,
    outcome: 'FORBIDDEN',
    detail: redactInput(input),
    runId: null,
    requestId: request.requestId ?? null,
  });
  throw new AppError('FORBIDDEN', `${actor.name} may not do "${operation.title}" on ${cluster.name}`, {
    hint: `It needs the permission ${operation.permission}; ask an ADMIN for a role that has it.`,
  });
}

async function findTarget(
  db: Database,
  { operation, input, actor }: { operation: AnyOperation; input: JsonObject; actor: Actor },
): Promise<Target> {
  const named = namedTarget(operation.target, input);
  if (named.kind === 'new-cluster') {
    const { kind, name, environment } = named;
    return { kind, cluster: { id: newId('clu'), name, environment } };
  }
  const visibility = visibilityOf(actor, 'cluster:read');
  const cluster = await findVisibleCluster(db, { visibility, id: named.clusterId });
  if (cluster !== null) return { kind: named.kind, cluster };
  throw new AppError('NOT_FOUND', `There is no cluster ${named.clusterId}`, {
    hint: 'Query `clusters` for their ids.',
    path: ['input', named.field],
  });
}

async function findReplay(
  deps: Engine,
  actor: Actor,
  key: string | null,
  inputHash: string,
): Promise<SubmitResult | null> {
  if (key === null) return null;
  const used = await findIdempotencyKey(deps.db, actor.id, key);
  if (used === null) return null;
  if (used.inputHash !== inputHash) {
    throw new AppError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used for another input', {
      hint: 'Use a new key for a new request.',
      path: ['options', 'idempotencyKey'],
    });
  }
  // The run is their own; but whoever lost the right to see its cluster does not get it.
  const visibility = visibilityOf(actor, 'cluster:read');
  const run = await findVisibleRun(deps.db, { visibility, id: used.runId });
  return run === null ? null : { run, plan: run.plan, userErrors: [], replayed: true };
}

/**
 * Takes the secrets out of an input and leaves references. Nothing is stored yet. Only the input of an earlier run may
 * hold references already (`keepRefs`); from a caller, a text that looks like a reference is a secret's value like any
 * other.
 */
function takeSecrets(
  operation: AnyOperation,
  input: JsonObject,
  { settings, keepRefs }: { settings: SecretSettings; keepRefs: boolean },
): { input: JsonObject; pending: PendingSecret[] } {
  const pending: PendingSecret[] = [];
  const withRefs = replaceSecrets(operation.fields, input, (value, path) => {
    if (keepRefs && secretRefPattern.test(value)) return value;
    const id = newId('sec');
    pending.push({ id, source: parseSecretAt(value, path, settings) });
    return `secret:${id}`;
  });
  return { input: withRefs, pending };
}

function parseSecretAt(value: string, path: readonly string[], settings: SecretSettings) {
  try {
    return parseSecret(value, settings);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.message, {
      hint: error.hint ?? undefined,
      path: ['input', ...path],
      cause: error,
    });
  }
}

function hashKey(settings: SecretSettings): Buffer {
  // Any configured key will do as long as it stays the same; the last one is the oldest.
  return settings.keys.at(-1)?.key ?? Buffer.alloc(32);
}

function checkOptions(options: RunOptions) {
  const tooLong = (['reason', 'idempotencyKey', 'planHash', 'confirm'] as const).find(
    (name) => (options[name]?.length ?? 0) > limits[name],
  );
  if (tooLong !== undefined) {
    throw new AppError('INVALID_INPUT', `options.${tooLong} has at most ${limits[tooLong]} characters`, {
      hint: 'Shorten it.',
      path: ['options', tooLong],
    });
  }
  if (options.idempotencyKey != null && options.idempotencyKey.trim() === '') {
    // An empty key would be shared by everybody who forgot to fill it in: their second run would be taken for the first.
    throw new AppError('INVALID_INPUT', 'options.idempotencyKey is empty', {
      hint: 'Give a text of your own for each thing you ask for, such as a random id, or leave it out.',
      path: ['options', 'idempotencyKey'],
    });
  }
  return {
    dryRun: options.dryRun ?? false,
    reason: options.reason ?? null,
    idempotencyKey: options.idempotencyKey ?? null,
    planHash: options.planHash ?? null,
    confirm: options.confirm ?? null,
  };
}

const limits = { reason: 1000, idempotencyKey: 255, planHash: 64, confirm: 64 } as const;

function refused(userErrors: readonly UserError[]): SubmitResult {
  return { run: null, plan: null, userErrors, replayed: false };
}
