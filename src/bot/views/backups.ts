import type { KnownBlock } from '@slack/web-api';
import type { Backup, Verification } from '../../domain/backup/backup.ts';
import { hoursInWords } from '../../domain/backup/periods.ts';
import type { BackupPolicy } from '../../domain/backup/policy.ts';
import type { RecoveryPoint } from '../../domain/backup/recovery-point.ts';
import { bytesInWords } from '../../domain/backup/sizes.ts';
import { failedCheckOf, passedCheckOf } from '../../domain/backup/usable.ts';
import type { WatchedPart } from '../../domain/backup/watch.ts';
import { code, context, count, date, duration, fitLines, header, type Message, safe, section } from './text.ts';

export type ShownBackup = Pick<Backup, 'database' | 'kind' | 'state' | 'sizeBytes' | 'startedAt'> & {
  readonly checks: readonly Verification[];
};

export type BackupsData = {
  readonly clusterName: string;
  readonly now: Date;
  /** By name of the database. */
  readonly points: readonly RecoveryPoint[];
  /** Those of the last two weeks, deleted ones included. */
  readonly backups: readonly ShownBackup[];
  /** How many of the last two weeks are not among them. */
  readonly leftOut: number;
  readonly policies: readonly BackupPolicy[];
  readonly parts: readonly WatchedPart[];
};

export const shownDays = 14;
const dayMs = 86_400_000;
const shownDatabases = 20;
const shownPolicies = 8;
/** A whole message holds so many characters of databases, so that Slack takes it. */
const room = 11_000;

/** The backups of a cluster at a glance: by policy what comes next, by database how far one can go back, and two weeks. */
export function backupOverview(data: BackupsData): Message {
  const { clusterName, points, policies } = data;
  const late = points.filter(({ isKept }) => isKept === false).length;
  const none = points.filter(({ at }) => at === null).length;
  const text = `${clusterName}: ${count(points.length, 'database')}, ${none} without a verified backup, ${late} outside of what is promised; ${count(policies.length, 'backup policy', 'backup policies')}.`;
  const databases = sectionsThatFit(points.map((point) => databaseText(point, data)));
  const more = points.length - databases.length;
  const blocks: KnownBlock[] = [
    header(`Backups of ${clusterName}`),
    section(policyLines(data)),
    ...databases.map(section),
    ...(more === 0
      ? []
      : [
          section(`… and ${count(more, 'more database')}. \`/sr backups &lt;cluster&gt; &lt;database&gt;\` shows one.`),
        ]),
    context(
      [
        'Days are those of UTC. "whole" = every object is there (L1), "listed" = the repository lists it (L0).',
        ...(data.leftOut === 0 ? [] : [`${count(data.leftOut, 'older backup')} of these days are not shown.`]),
      ].join(' '),
    ),
  ];
  return { text: safe(text, 300), blocks };
}

function sectionsThatFit(texts: readonly string[]): readonly string[] {
  const shown: string[] = [];
  let length = 0;
  for (const text of texts.slice(0, shownDatabases)) {
    length += text.length;
    if (length > room && shown.length > 0) return shown;
    shown.push(text);
  }
  return shown;
}

function policyLines({ policies, parts, now }: BackupsData): string {
  if (policies.length === 0) return 'There is *no backup policy*: nothing is backed up by itself.';
  const lines = policies.slice(0, shownPolicies).map((policy) => {
    const { databases, exceptDatabases, repository, promiseHours, tiers } = policy.content;
    const but = exceptDatabases.length === 0 ? '' : ` but ${exceptDatabases.map((name) => code(name, 60)).join(', ')}`;
    const which = databases.map((name) => (name === '*' ? 'all databases' : code(name, 60))).join(', ');
    const times = tiers.map(({ name, kind }) => {
      const part = parts.find((each) => each.policyId === policy.id && each.part === name);
      return `${safe(name, 40)} (${kind.toLowerCase()}) ${nextOf(part, now)}`;
    });
    const armed = policy.armed === null ? 'retention is not armed and deletes nothing' : 'retention is armed';
    return `*Policy* ${code(policy.name, 64)}: ${safe(which, 400)}${but} into ${code(repository, 64)}, at most ${hoursInWords(promiseHours)} old; ${times.join(', ')}; ${armed}`;
  });
  const more = policies.length - lines.length;
  return fitLines(more === 0 ? lines : [...lines, `… and ${count(more, 'more policy', 'more policies')}`], 2900);
}

function nextOf(part: WatchedPart | undefined, now: Date): string {
  if (part === undefined) return '*has no schedule*';
  if (part.state === 'PAUSED') return '*paused*';
  if (part.dueAt === null) return 'never again';
  return part.dueAt < now ? `*due since* ${date(part.dueAt, 'day')}` : `next ${date(part.dueAt, 'day')}`;
}

function databaseText(point: RecoveryPoint, data: BackupsData): string {
  const own = data.backups.filter(({ database }) => database === point.database);
  const days = Array.from({ length: shownDays }, (_, ago) => dayOf(new Date(data.now.getTime() - ago * dayMs)));
  const lines = days.map((day) => {
    const made = own.filter(({ startedAt }) => dayOf(startedAt) === day);
    return `${day}: ${made.length === 0 ? 'none' : inWords(made)}`;
  });
  const gaps = point.notCovered.slice(0, 3).map((text) => `Not covered: ${safe(text, 200)}`);
  return fitLines([headOf(point), ...gaps, ...withoutEmptyEnd(lines)], 2900);
}

function headOf({ database, at, ageMs, promiseMs, isKept }: RecoveryPoint): string {
  const promise = promiseMs === null ? 'nothing promised' : `promised ${duration(promiseMs)}`;
  const name = `*${safe(database, 100)}*`;
  if (at === null) return `${name}: *NO VERIFIED BACKUP*, ${promise}`;
  const kept = isKept === null ? '' : isKept ? ', kept' : ', *NOT KEPT*';
  return `${name}: can go back to ${date(at, 'day')}, ${duration(ageMs ?? 0)} old, ${promise}${kept}`;
}

/** Days before the first backup that is known say nothing each. */
function withoutEmptyEnd(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => !line.endsWith(': none'));
  const rest = lines.length - last - 1;
  return rest < 3 ? lines : [...lines.slice(0, last + 1), `${rest} days before: none`];
}

/** `1 full 1.2 GiB whole, 3 incremental 40 MiB listed`; backups of one kind that fared alike are counted. */
function inWords(made: readonly ShownBackup[]): string {
  const alike = Map.groupBy(made, (backup) => `${backup.kind.toLowerCase()}|${fareOf(backup)}`);
  return [...alike]
    .map(([key, backups]) => {
      const [kind, fare] = key.split('|');
      const sizes = backups.flatMap(({ sizeBytes }) => (sizeBytes === null ? [] : [sizeBytes]));
      const size = sizes.length === 0 ? '' : ` ${bytesInWords(sizes.reduce((sum, bytes) => sum + bytes, 0))}`;
      return `${backups.length} ${kind}${size} ${fare}`;
    })
    .join(', ');
}

function fareOf({ state, checks }: ShownBackup): string {
  switch (state) {
    case 'SCHEDULED':
      return 'waits';
    case 'RUNNING':
      return 'goes on';
    case 'DELETING':
      return 'being deleted';
    case 'DELETED':
      return 'deleted since';
    case 'PARTIAL':
      return '*PARTIAL*';
    case 'BROKEN':
      return failedCheckOf(checks) === null ? '*BROKEN*' : '*NOT WHOLE*';
    case 'AVAILABLE': {
      const level = passedCheckOf(checks)?.level;
      return level === undefined ? '*not verified*' : level === 'L1' ? 'whole' : 'listed';
    }
    default:
      return state satisfies never;
  }
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}
