import { z } from 'zod';
import { backupKinds, verificationLevels } from '../../domain/backup/backup.ts';
import type { BackupPolicyContent, Keep } from '../../domain/backup/policy.ts';
import { templateOf } from '../../domain/backup/template.ts';
import { pinBackup as pin, unpinBackup as unpin } from '../../store/backups/pins.ts';
import * as policies from '../../store/backups/policies.ts';
import type { RequestContext } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const whole = z.int().nullish();

const keep = z
  .object({
    rule: z.enum(['COUNT', 'AGE', 'GFS']),
    ...{ count: whole, hours: whole, days: whole, weeks: whole, months: whole, years: whole },
  })
  .transform(({ rule, ...given }, context): Keep => {
    const own = fieldsOf[rule];
    const others = Object.entries(given).filter(([name, value]) => value != null && !own.includes(name));
    if (others[0] !== undefined) context.addIssue(`${others[0][0]} has no meaning for ${rule}`);
    const { count, hours, days, weeks, months, years } = given;
    if (rule === 'GFS') return { rule, days: days ?? 0, weeks: weeks ?? 0, months: months ?? 0, years: years ?? 0 };
    if (rule === 'COUNT') {
      if (count == null) context.addIssue('COUNT needs count');
      return { rule, count: count ?? 1 };
    }
    if (hours == null) context.addIssue('AGE needs hours');
    return { rule, hours: hours ?? 1 };
  });

const fieldsOf: Readonly<Record<Keep['rule'], readonly string[]>> = {
  COUNT: ['count'],
  AGE: ['hours'],
  GFS: ['days', 'weeks', 'months', 'years'],
};

const tier = z.object({
  name: z.string(),
  kind: z.enum(backupKinds),
  cron: z.string(),
  jitterSeconds: z
    .int()
    .nullish()
    .transform((seconds) => seconds ?? 300),
  keep: z.array(keep).max(20),
  verify: z
    .enum(verificationLevels)
    .nullish()
    .transform((level) => level ?? 'L1'),
});

const names = z.array(z.string()).max(1_000);
const content = {
  exceptDatabases: names.nullish(),
  timeZone: z.string().nullish(),
  tiers: z.array(tier).max(50).nullish(),
  retentionCron: z.string().nullish(),
  ...{ keepUsableFulls: whole, promiseHours: whole, shrunkPercent: whole, parallel: whole, timeoutSeconds: whole },
};

const createInput = z.object({
  clusterId: z.string(),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, '1 to 32 characters: a lower-case letter, then also digits and hyphens'),
  repository: z.string(),
  databases: names,
  ...content,
});
const updateInput = z.object({
  id: z.string(),
  revision: whole,
  repository: z.string().nullish(),
  databases: names.nullish(),
  ...content,
});
const armInput = z.object({ policyId: z.string(), contentHash: z.string(), confirm: z.string() });
const pinInput = z.object({
  backupId: z.string(),
  reason: z
    .string()
    .trim()
    .min(1, 'a reason, for whoever finds the pin')
    .max(1_000)
    .regex(/^[^\p{Cc}]+$/u, 'on one line, without control characters'),
  until: z.date().nullish(),
});

type Input = { readonly input: unknown };
type Changes = { readonly [K in keyof BackupPolicyContent]?: BackupPolicyContent[K] | null | undefined };

/** What is given takes the place of what is there; null counts as not given. */
function merge(base: BackupPolicyContent, given: Changes): BackupPolicyContent {
  return {
    databases: given.databases ?? base.databases,
    exceptDatabases: given.exceptDatabases ?? base.exceptDatabases,
    repository: given.repository ?? base.repository,
    timeZone: given.timeZone ?? base.timeZone,
    tiers: given.tiers ?? base.tiers,
    retentionCron: given.retentionCron ?? base.retentionCron,
    keepUsableFulls: given.keepUsableFulls ?? base.keepUsableFulls,
    promiseHours: given.promiseHours ?? base.promiseHours,
    shrunkPercent: given.shrunkPercent ?? base.shrunkPercent,
    parallel: given.parallel ?? base.parallel,
    timeoutSeconds: given.timeoutSeconds ?? base.timeoutSeconds,
  };
}

export function createBackupPolicy(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ policy: null }, async () => {
    const { clusterId, name, ...given } = parseArguments(createInput, input);
    const wanted = { clusterId, name, content: merge(templateOf(given), given) };
    return { policy: await policies.createPolicy(context.deps.db, wanted, context) };
  });
}

export function updateBackupPolicy(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ policy: null }, async () => {
    const { id: policyId, revision, ...given } = parseArguments(updateInput, input);
    const change = (old: BackupPolicyContent) => merge(old, given);
    const wanted = { policyId, revision: revision ?? null, change };
    return { policy: await policies.updatePolicy(context.deps.db, wanted, context) };
  });
}

export function removeBackupPolicy(_: unknown, { id }: { id: string }, context: RequestContext) {
  return withUserErrors({ policy: null }, async () => ({
    policy: await policies.removePolicy(context.deps.db, id, context),
  }));
}

export function armBackupPolicy(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ policy: null }, async () => {
    const { approvalEnvironments } = context.deps.engine;
    const wanted = { ...parseArguments(armInput, input), approvalEnvironments };
    return { policy: await policies.armPolicy(context.deps.db, wanted, context) };
  });
}

export function disarmBackupPolicy(_: unknown, { id }: { id: string }, context: RequestContext) {
  return withUserErrors({ policy: null }, async () => ({
    policy: await policies.disarmPolicy(context.deps.db, id, context),
  }));
}

export function pinBackup(_: unknown, { input }: Input, context: RequestContext) {
  return withUserErrors({ backup: null }, async () => {
    const { until, ...wanted } = parseArguments(pinInput, input);
    return { backup: await pin(context.deps.db, { ...wanted, until: until ?? null }, context) };
  });
}

export function unpinBackup(_: unknown, { id }: { id: string }, context: RequestContext) {
  return withUserErrors({ backup: null }, async () => ({ backup: await unpin(context.deps.db, id, context) }));
}
