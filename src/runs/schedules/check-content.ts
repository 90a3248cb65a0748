import { type Actor, can } from '../../domain/access.ts';
import { approvalsRequired, needsConfirmation } from '../../domain/approval.ts';
import type { Cluster } from '../../domain/cluster.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Schedule, type ScheduleTimes, whenMissedKinds } from '../../domain/schedule.ts';
import { mistakesInTimes } from '../../domain/schedule-times.ts';
import { namedTarget } from '../../domain/target.ts';
import { AppError, type UserError } from '../../errors.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { parseInput } from '../../operations/input/parse-input.ts';
import { secretFieldNames } from '../../operations/input/secret-fields.ts';
import { refuseNobody } from '../../store/access/nobody.ts';
import { findVisibleCluster } from '../../store/reads/clusters.ts';
import { visibilityOf } from '../../store/reads/visibility.ts';
import type { Engine } from '../engine.ts';

/** What a person says of a schedule. */
export type ScheduleContent = ScheduleTimes & {
  readonly name: string;
  readonly operation: string;
  readonly operationInput: unknown;
  readonly whenMissed: Schedule['whenMissed'];
  /** The cluster's name, typed, where the operation is destructive. */
  readonly confirm: string | null;
};

export type CheckedContent = ScheduleTimes &
  Pick<Schedule, 'name' | 'operation' | 'input' | 'whenMissed' | 'clusterId'> & {
    readonly cluster: Cluster;
  };

/** Letters, digits, `.`, `_` and `-`: what can be typed after a command. */
const names = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * What a person says of a schedule, as it can be kept. Several mistakes of the input come back together. Throws
 * `NOT_FOUND`, `FORBIDDEN` when the actor may not do this by hand, and `PRECONDITION_FAILED` for what cannot be scheduled.
 */
export async function checkContent(
  deps: Engine,
  actor: Actor,
  content: ScheduleContent,
): Promise<CheckedContent | { readonly userErrors: readonly UserError[] }> {
  refuseNobody(actor);
  const operation = findOperation(deps, content.operation);
  const parsed = parseInput(operation, content.operationInput);
  const mistakes = [...mistakesIn(content), ...('userErrors' in parsed ? parsed.userErrors.map(inOperationInput) : [])];
  if ('userErrors' in parsed || mistakes.length > 0) return { userErrors: mistakes };
  const cluster = await findTarget(deps, { actor, operation, input: parsed.input });
  const target = { clusterId: cluster.id, environment: cluster.environment };
  const missing = (['schedule:manage', operation.permission] as const).find((need) => !can(actor, need, target));
  if (missing !== undefined) throw forbidden(actor, cluster, missing);
  refuseUnlessOneApproval(deps, operation, cluster);
  if (needsConfirmation(operation.risk) && content.confirm !== cluster.name) {
    throw new AppError('CONFIRMATION_MISMATCH', `${operation.title} needs the name of the cluster, typed`, {
      hint: `Give confirm: "${cluster.name}". It counts for every run of the schedule.`,
      path: ['input', 'confirm'],
    });
  }
  const { name, cron, timeZone, jitterSeconds, whenMissed } = content;
  const times = { cron: cron.trim(), timeZone, jitterSeconds };
  return { ...times, name, whenMissed, operation: operation.name, input: parsed.input, clusterId: cluster.id, cluster };
}

export function forbidden(actor: Actor, cluster: Cluster, permission: string): AppError {
  return new AppError('FORBIDDEN', `${actor.name} may not schedule this on ${cluster.name}`, {
    hint: `It needs the permission ${permission}; ask an ADMIN for a role that has it.`,
  });
}

function findOperation(deps: Engine, name: string): AnyOperation {
  const operation = deps.operations.get(name);
  if (operation === undefined) {
    throw new AppError('NOT_FOUND', `There is no operation ${name}`, {
      hint: 'Query `operations` for the list.',
      path: ['input', 'operation'],
    });
  }
  const secrets = secretFieldNames(operation.fields);
  if (secrets.length > 0) {
    throw new AppError('PRECONDITION_FAILED', `${operation.title} takes secrets (${secrets.join(', ')})`, {
      hint: 'A schedule keeps its input for months, where people read it: ask for this one by hand.',
      path: ['input', 'operation'],
    });
  }
  if (operation.target.kind === 'new-cluster') {
    throw new AppError('PRECONDITION_FAILED', `${operation.title} is about a cluster that is not there yet`, {
      hint: 'Ask for it by hand.',
      path: ['input', 'operation'],
    });
  }
  return operation;
}

async function findTarget(
  deps: Engine,
  { actor, operation, input }: { actor: Actor; operation: AnyOperation; input: JsonObject },
): Promise<Cluster> {
  const named = namedTarget(operation.target, input);
  const id = named.kind === 'cluster' ? named.clusterId : '';
  const cluster = await findVisibleCluster(deps.db, { visibility: visibilityOf(actor, 'cluster:read'), id });
  if (cluster !== null) return cluster;
  throw new AppError('NOT_FOUND', `There is no cluster ${id}`, {
    hint: 'Query `clusters` for their ids.',
    path: ['input', 'operationInput', named.kind === 'cluster' ? named.field : ''],
  });
}

/**
 * What two people have to agree to, they agree to with its plan before them. A schedule has no plan yet, so it cannot be
 * agreed to once for all times.
 */
function refuseUnlessOneApproval(deps: Engine, { risk, title }: AnyOperation, { environment, name }: Cluster): void {
  const required = approvalsRequired(risk, { environment, approvalEnvironments: deps.approvalEnvironments });
  if (required <= 1) return;
  throw new AppError('PRECONDITION_FAILED', `${title} on ${name} needs ${required} people who look at its plan`, {
    hint: 'It cannot be scheduled there: ask for it by hand.',
    path: ['input', 'operation'],
  });
}

function mistakesIn(content: ScheduleContent): readonly UserError[] {
  const ofTimes = mistakesInTimes(content).map(({ field, text }) => mistake(field, text));
  const ofName = names.test(content.name)
    ? []
    : [mistake('name', 'must be 1 to 64 letters, digits, dots, dashes or underscores')];
  const ofMissed = whenMissedKinds.includes(content.whenMissed)
    ? []
    : [mistake('whenMissed', 'must be RUN_ONCE or SKIP')];
  return [...ofName, ...ofTimes, ...ofMissed];
}

function mistake(field: string, text: string): UserError {
  const hint = 'The query scheduleTimes shows what an expression means before it is saved.';
  return { code: 'INVALID_INPUT', message: `${field} ${text}`, path: ['input', field], hint, retryable: false };
}

function inOperationInput(error: UserError): UserError {
  return { ...error, path: ['input', 'operationInput', ...(error.path ?? []).slice(1)] };
}
