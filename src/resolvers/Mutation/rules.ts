import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import { limitsWith } from '../../domain/rules/mistakes.ts';
import type { RuleScope } from '../../domain/rules/override.ts';
import { type AlertRule, comparisons, judgedOf } from '../../domain/rules/rule.ts';
import { AppError } from '../../errors.ts';
import { endOverride, overrideRule } from '../../store/rules/overrides.ts';
import { createRule, removeRule } from '../../store/rules/own-rules.ts';
import type { RequestContext } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const reason = z.string();
const place = { environment: z.string().nullish(), clusterId: z.string().nullish() };
const number = z.number().nullish();
const until = z.date().nullish();
const text = z
  .string()
  .trim()
  .max(1_000)
  .regex(/^[^\p{Cc}]*$/u, 'on one line, without control characters')
  .nullish();

const createInput = z.object({
  ...{ name: z.string(), title: z.string(), metric: z.string(), ...place, reason, means: text, todo: text },
  of: z.enum(judgedOf).nullish(),
  compare: z.enum(comparisons).nullish(),
  threshold: z.number(),
  clear: number,
  forSeconds: z.int().nullish(),
  severity: z.enum(severities),
});
const removeInput = z.object({ name: z.string(), reason });
const where = { rule: z.string(), ...place, nodeId: z.string().nullish(), until, reason };
const overrideInput = z.object({
  ...where,
  ...{ threshold: number, clear: number, forSeconds: z.int().nullish(), isOn: z.boolean().nullish() },
  severity: z.enum(severities).nullish(),
});
const disableInput = z.object(where);
const endInput = z.object({ id: z.string(), reason });

type Input = { readonly input: unknown };

export function createAlertRule(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ rule: null }, async () => {
    const given = parseArguments(createInput, input);
    const scope = scopeOf({ ...given, nodeId: null });
    if (scope.kind === 'node') throw new Error('a rule of its own was asked for a node');
    const { name, title, metric, threshold } = given;
    const definition = {
      ...{ title, pastTitle: `Over: ${title}`, severity: given.severity, forMs: (given.forSeconds ?? 300) * 1_000 },
      ...{ means: given.means ?? '', todo: given.todo ?? '' },
      on: {
        kind: 'METRIC',
        ...{ metric, threshold, clear: given.clear ?? threshold },
        ...{ of: given.of ?? 'EACH', compare: given.compare ?? 'ABOVE' },
      },
    } as const;
    const made = await createRule(context.deps.db, { name, scope, definition, reason: given.reason }, context);
    return { rule: made.rule };
  });
}

export function removeAlertRule(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ rule: null }, async () => {
    const removed = await removeRule(context.deps.db, parseArguments(removeInput, input), context);
    return { rule: removed.rule };
  });
}

export function overrideAlertRule(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ override: null }, async () => {
    const { threshold, clear, forSeconds, severity, isOn, ...given } = parseArguments(overrideInput, input);
    if (clear != null && threshold == null)
      throw new AppError('INVALID_INPUT', 'clear alone may stand on the wrong side of the threshold', {
        hint: 'Give threshold too.',
        path: ['input', 'clear'],
      });
    const changes = ({ on }: AlertRule) => ({
      isOff: isOn === true ? false : null,
      limits:
        threshold == null
          ? null
          : on.kind === 'METRIC'
            ? limitsWith(on, { threshold, clear: clear ?? null })
            : { threshold, clear: clear ?? threshold },
      forMs: forSeconds == null ? null : forSeconds * 1_000,
      severity: severity ?? null,
    });
    return { override: await change({ ...given, changes, action: 'overrideAlertRule' }, context) };
  });
}

export function disableAlertRule(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ override: null }, async () => {
    const given = parseArguments(disableInput, input);
    const changes = () => ({ isOff: true, limits: null, forMs: null, severity: null });
    return { override: await change({ ...given, changes, action: 'disableAlertRule' }, context) };
  });
}

export function removeAlertRuleOverride(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ override: null }, async () => ({
    override: await endOverride(context.deps.db, parseArguments(endInput, input), context),
  }));
}

type Wanted = z.output<typeof disableInput> & Pick<Parameters<typeof overrideRule>[1], 'changes' | 'action'>;

function change(wanted: Wanted, context: RequestContext) {
  const { rule, changes, action, reason } = wanted;
  const { approvalEnvironments } = context.deps.engine;
  const end = wanted.until ?? null;
  return overrideRule(
    context.deps.db,
    { rule, changes, action, reason, approvalEnvironments, scope: scopeOf(wanted), until: end },
    context,
  );
}

type Place = {
  readonly environment?: string | null;
  readonly clusterId?: string | null;
  readonly nodeId?: string | null;
};

function scopeOf({ environment, clusterId, nodeId }: Place): RuleScope {
  if (environment != null && (clusterId ?? nodeId) != null)
    throw twoPlaces('It holds for an environment or for a cluster, not for both');
  if (nodeId != null && clusterId == null) throw twoPlaces('A node is named together with its cluster');
  if (clusterId != null && nodeId != null) return { kind: 'node', clusterId, nodeId };
  if (clusterId != null) return { kind: 'cluster', clusterId };
  return environment != null ? { kind: 'environment', environment } : { kind: 'all' };
}

function twoPlaces(message: string): AppError {
  return new AppError('INVALID_INPUT', message, {
    hint: 'Make two of them, or name one place.',
    path: ['input', 'clusterId'],
  });
}
