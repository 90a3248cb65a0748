import { mistakesInCron, nextTimes } from '../cron.ts';
import { hashJson } from '../json.ts';
import { isSystemDatabase } from '../system-databases.ts';
import { externalCatalogs } from './external-catalogs.ts';
import { hoursInWords } from './periods.ts';
import type { BackupPolicyContent, BackupTier, Keep } from './policy.ts';

/** What is wrong in a policy, and where: a path in its content. */
export type PolicyMistake = { readonly path: readonly string[]; readonly message: string; readonly hint: string };

/** The name of a policy's schedule of deletion, which no tier may have. */
export const retentionPart = 'retention';

/** What arming a policy agrees to. */
export function policyHash(content: BackupPolicyContent): string {
  return hashJson(content);
}

/** Everything that is wrong in a policy; empty = it can be used. Databases and repositories that do not exist are no mistakes. */
export function mistakesInPolicy(content: BackupPolicyContent): readonly PolicyMistake[] {
  const { tiers, timeZone, retentionCron } = content;
  const hint = 'Change it and ask again.';
  const mistakes: PolicyMistake[] = databaseMistakes(content).map((mistake) => ({ ...mistake, hint }));
  const say = (path: readonly string[], message: string) => mistakes.push({ path, message, hint });
  for (const name of limited) {
    const [least, most] = limits[name];
    if (!isWithin(content[name], least, most)) say([name], `a whole number from ${least} to ${most}`);
  }
  for (const { field, text } of mistakesInCron({ cron: retentionCron, timeZone }))
    say([field === 'cron' ? 'retentionCron' : 'timeZone'], text);
  if (tiers.length === 0 || tiers.length > 12) say(['tiers'], 'a policy has 1 to 12 tiers');
  if (tiers.length > 0 && !tiers.some(({ kind }) => kind === 'FULL')) {
    const help = 'Add a tier of kind FULL: an incremental backup holds only what changed since a full one.';
    mistakes.push({ path: ['tiers'], message: 'none of the tiers takes full backups', hint: help });
  }
  for (const [at, tier] of tiers.entries()) {
    const others = tiers.slice(0, at);
    for (const { path, message } of tierMistakes(tier, timeZone)) say(['tiers', String(at), ...path], message);
    if (others.some(({ name }) => name === tier.name))
      say(['tiers', String(at), 'name'], `two tiers are named ${tier.name}`);
  }
  return mistakes;
}

const limits = {
  keepUsableFulls: [1, 100],
  promiseHours: [1, 8_760],
  shrunkPercent: [1, 100],
  parallel: [1, 32],
  timeoutSeconds: [600, 604_800],
} as const;

const limited = ['keepUsableFulls', 'promiseHours', 'shrunkPercent', 'parallel', 'timeoutSeconds'] as const;

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

type Mistake = Omit<PolicyMistake, 'hint'>;

function databaseMistakes({ databases, exceptDatabases, repository }: BackupPolicyContent): readonly Mistake[] {
  const namesOf = (field: string, names: readonly string[]) =>
    names.flatMap((name, at): Mistake[] => {
      const path = [field, String(at)];
      if (names.indexOf(name) !== at) return [{ path, message: `${name} is named twice` }];
      if (name === externalCatalogs) return [{ path, message: 'external catalogs have no policy: backUpCatalogs' }];
      if (isSystemDatabase(name)) return [{ path, message: `${name} is a database of StarRocks' own` }];
      const isName = name.length >= 1 && name.length <= 256 && /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(name);
      return isName ? [] : [{ path, message: 'a name on one line, without control characters' }];
    });
  return [
    ...(databases.length === 0 ? [{ path: ['databases'], message: 'a policy names at least one database, or *' }] : []),
    ...namesOf('databases', databases),
    ...(exceptDatabases.includes('*')
      ? [{ path: ['exceptDatabases'], message: '* would leave every database out' }]
      : []),
    ...namesOf('exceptDatabases', exceptDatabases),
    ...(/^([a-zA-Z]\w{0,63}|_[a-zA-Z0-9]\w{0,62})$/.test(repository)
      ? []
      : [{ path: ['repository'], message: 'letters, digits and underscores, beginning with a letter' }]),
  ];
}

function tierMistakes({ name, cron, jitterSeconds, keep }: BackupTier, timeZone: string): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
    mistakes.push({ path: ['name'], message: '1 to 31 characters: a lower-case letter, then also digits and hyphens' });
  if (name === retentionPart)
    mistakes.push({ path: ['name'], message: `${retentionPart} is the name of what deletes` });
  for (const { field, text } of mistakesInCron({ cron, timeZone }))
    if (field === 'cron') mistakes.push({ path: ['cron'], message: text });
  if (!isWithin(jitterSeconds, 0, 3_600)) mistakes.push({ path: ['jitterSeconds'], message: '0 to 3600 seconds' });
  if (keep.length === 0 || keep.length > 5)
    mistakes.push({ path: ['keep'], message: '1 to 5 rules, which say how long its backups are kept' });
  for (const [at, rule] of keep.entries()) {
    const message = keepMistake(rule);
    if (message !== null) mistakes.push({ path: ['keep', String(at)], message });
  }
  return mistakes;
}

function keepMistake(keep: Keep): string | null {
  switch (keep.rule) {
    case 'COUNT':
      return isWithin(keep.count, 1, 10_000) ? null : 'count is 1 to 10000';
    case 'AGE':
      return isWithin(keep.hours, 1, 175_200) ? null : 'hours is 1 to 175200, which is 20 years';
    case 'GFS': {
      const counts = [keep.days, keep.weeks, keep.months, keep.years];
      if (!counts.every((n) => isWithin(n, 0, 1_000))) return 'days, weeks, months and years are 0 to 1000 each';
      return counts.some((n) => n > 0) ? null : 'at least one of days, weeks, months and years is more than 0';
    }
    default:
      return keep satisfies never;
  }
}

/** What people should know of a policy that is no mistake, as sentences. `databases` null = not known. */
export function notesOnPolicy(
  content: BackupPolicyContent,
  { databases, now }: { databases: readonly string[] | null; now: Date },
): readonly string[] {
  const named = content.databases.filter((name) => name !== '*');
  const unknown = databases === null ? [] : named.filter((name) => !databases.includes(name));
  const gapHours = longestGapHours(content, now);
  return [
    ...(databases === null
      ? ['The databases of the cluster could not be read, so their names were not compared.']
      : []),
    ...unknown.map((name) => `There is no database ${name} on the cluster now; it is backed up once it exists.`),
    ...(content.exceptDatabases.length > 0 && !content.databases.includes('*')
      ? ['exceptDatabases has an effect only together with *.']
      : []),
    ...(gapHours > content.promiseHours
      ? [
          `Up to ${Math.ceil(gapHours)} hours pass between two backups, more than the ${hoursInWords(content.promiseHours)} that the policy promises.`,
        ]
      : []),
    ...outlivingTiers(content),
  ];
}

/** The longest time between two backups of any tier within the next weeks. */
function longestGapHours({ tiers, timeZone }: BackupPolicyContent, now: Date): number {
  const until = now.getTime() + 28 * 86_400_000;
  const times = tiers
    .flatMap(({ cron }) => nextTimes({ cron, timeZone }, { after: now, count: 200 }))
    .map((time) => time.getTime())
    .filter((time) => time <= until)
    .sort((a, b) => a - b);
  const gaps = times.map((time, at) => time - (times[at - 1] ?? now.getTime()));
  return Math.max(until - now.getTime() > 0 && gaps.length === 0 ? 28 * 24 : 0, ...gaps.map((gap) => gap / 3_600_000));
}

/** Incremental tiers kept longer than any full one: the full ones stay for them, beyond what their own tier says. */
function outlivingTiers({ tiers }: BackupPolicyContent): readonly string[] {
  const longest = Math.max(...tiers.filter(({ kind }) => kind === 'FULL').map(ageOf));
  return tiers
    .filter((tier) => tier.kind === 'INCREMENTAL' && ageOf(tier) > longest)
    .map(
      ({ name }) =>
        `${name} is kept longer than any full tier: the full backups that it needs stay as long as it does.`,
    );
}

/** The hours that rules by age keep a tier for; rules by count or period have none. */
function ageOf({ keep }: BackupTier): number {
  if (keep.some(({ rule }) => rule !== 'AGE')) return Number.NaN;
  return Math.max(...keep.map((each) => (each.rule === 'AGE' ? each.hours : 0)));
}
