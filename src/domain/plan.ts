import { hashJson, type Json, type JsonObject } from './json.ts';
import type { StepEffect, Subject } from './subject.ts';

/**
 * Steps that stand side by side. The steps of one stage follow each other in the plan; each lane is a sequence of its own,
 * and the stage ends when all its lanes have. A lane is a whole: when one of its steps fails, what the lane did before is
 * taken back (see `recover` of a step kind) while the other lanes go on to the end of what they have begun.
 *
 * Independent lanes have nothing to do with each other: when one fails, the others go on, lanes that were not begun
 * included. The run still ends as `FAILED`, after the last of them, and a retry begins each lane anew that is not whole.
 */
export type Lane = {
  /** Shown to people, unique in the plan: `Backends, wave 2`. */
  readonly stage: string;
  /** What the lane works on, e.g. a node's label; unique in the stage. */
  readonly name: string;
  /** How many lanes of the stage may be under way at a time; the same in all its steps. */
  readonly width: number;
  /** The same in all steps of the stage. */
  readonly independent?: true;
};

/** One unit of a plan: a step kind with its parameters, and what that means. Plain data. */
export type StepSpec = {
  readonly kind: string;
  readonly title: string;
  readonly params: JsonObject;
  readonly about: Subject;
  readonly effect: StepEffect;
  /** What it leaves beside its subject, until another step removes that. */
  readonly leaves?: string;
  readonly removes?: string;
  /** Left out: the step stands alone, after everything before it and before everything after it. */
  readonly lane?: Lane;
};

/** Why an operation will not start, found while planning. `code` is one of the user error codes. */
export type Refusal = {
  readonly code:
    | 'INVALID_INPUT'
    | 'NOT_FOUND'
    | 'ALREADY_EXISTS'
    | 'PRECONDITION_FAILED'
    | 'PREFLIGHT_FAILED'
    | 'QUORUM_AT_RISK'
    | 'REPLICATION_AT_RISK'
    | 'CREDENTIAL_MISSING'
    | 'HOST_KEY_UNKNOWN'
    | 'HOST_KEY_CHANGED'
    | 'UNSUPPORTED_VERSION_PATH'
    | 'BACKUP_REQUIRED_BY_OTHERS'
    | 'RETENTION_FLOOR';
  readonly message: string;
  readonly hint: string;
  readonly path?: readonly string[];
};

/** What `plan` answers: refusals, or the steps with what a person should know before saying yes. */
export type PlanResult =
  | { readonly refusals: readonly Refusal[] }
  | {
      readonly summary: string;
      readonly steps: readonly StepSpec[];
      /** Facts a person should read before saying yes, e.g. "12 queries run on be-3 now". Not part of the hash. */
      readonly notes?: readonly string[];
      /** Why the plan may be shown but not carried out now, e.g. since a policy is not armed. A dry run passes them. */
      readonly blockers?: readonly Refusal[];
    };

export type Plan = {
  readonly operation: string;
  readonly operationVersion: number;
  readonly summary: string;
  readonly steps: readonly StepSpec[];
  readonly notes: readonly string[];
  /** Texts that Starwarden made up for this plan, such as a snapshot's name. Another plan has others and the same hash. */
  readonly generated: readonly string[];
  readonly hash: string;
};

/** A plan as its run keeps it. The meaning of its steps is kept with the steps themselves. */
export type KeptPlan = Omit<Plan, 'steps'> & {
  readonly steps: readonly Pick<StepSpec, 'kind' | 'title' | 'params' | 'lane'>[];
};

export function toKeptPlan(plan: Plan): KeptPlan {
  const steps = plan.steps.map(({ kind, title, params, lane }) => ({
    ...{ kind, title, params },
    ...(lane === undefined ? {} : { lane }),
  }));
  return { ...plan, steps };
}

/**
 * The plan with its hash. The hash covers what will be done (operation, version, steps), not the notes: running queries
 * change every second and must not make an approval stale. Whom a step is about and what it does to them follow from its
 * kind and parameters, so they are not part of the hash either. Secret references and generated texts are left out too,
 * since a dry run and the real run hold different ones that mean the same.
 */
export function makePlan(
  operation: { name: string; version: number },
  result: Extract<PlanResult, { steps: readonly StepSpec[] }>,
  generated: readonly string[] = [],
): Plan {
  const steps = result.steps.map(({ kind, params, lane }) => ({
    kind,
    params: withoutMadeUp(params, generated),
    ...(lane === undefined ? {} : { lane }),
  }));
  return {
    operation: operation.name,
    operationVersion: operation.version,
    summary: result.summary,
    steps: result.steps,
    notes: result.notes ?? [],
    generated,
    hash: hashJson({ operation: operation.name, version: operation.version, steps }),
  };
}

/** How a stored secret is named inside inputs and plans. */
export const secretRefPattern = /^secret:sec_[0-9A-Za-z]+$/;

function withoutMadeUp(value: Json | undefined, generated: readonly string[]): Json {
  if (typeof value === 'string') {
    if (secretRefPattern.test(value)) return 'secret';
    return generated.includes(value) ? 'generated' : value;
  }
  if (value === null || value === undefined || typeof value !== 'object') return value ?? null;
  if (Array.isArray(value)) return value.map((item) => withoutMadeUp(item, generated));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutMadeUp(member, generated)]));
}

/** Texts that are in the completed input and were not in the given one. */
export function generatedTexts(given: JsonObject, completed: JsonObject): string[] {
  return Object.entries(completed).flatMap(([key, value]) =>
    typeof value === 'string' && given[key] !== value ? [value] : [],
  );
}
