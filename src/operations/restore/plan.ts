import type { BackupObject } from '../../domain/backup/content.ts';
import { momentInWords } from '../../domain/backup/periods.ts';
import { bytesInWords } from '../../domain/backup/sizes.ts';
import type { PlanResult, Refusal, StepSpec } from '../../domain/plan.ts';
import type { Chain, NoChain } from '../../domain/restore/chain.ts';
import { checkRestore, type RestoreGround } from '../../domain/restore/preflight.ts';
import { blocks, type NamedCheck } from '../../domain/verdict.ts';
import { count } from '../../domain/words.ts';
import { besideLane } from './lane.ts';
import type { RestoreParams } from './params.ts';

export type RestorePlanFacts =
  | { readonly refusal: Refusal }
  | { readonly noChain: NoChain }
  | {
      readonly chain: Chain;
      readonly ground: RestoreGround;
      /** The time that was asked for; null = a backup was named. */
      readonly askedAt: Date | null;
    };

type Asked = Pick<RestoreParams, 'place' | 'database' | 'target' | 'tables' | 'timeoutSeconds'>;

type Shape = {
  readonly summary: (words: { what: string; moment: string; target: string }) => string;
  readonly lane: (params: RestoreParams, selection: RestoreGround['selection']) => readonly StepSpec[];
  /** What is to be said beside the backups and the checks. */
  readonly notes: readonly string[];
};

/** The steps of a restore. Says what each backup brings, and every check; a check that blocks refuses. */
export function planRestore(asked: Asked, facts: RestorePlanFacts, shape: Shape): PlanResult {
  if ('refusal' in facts) return { refusals: [facts.refusal] };
  if ('noChain' in facts) return { refusals: [noChainRefusal(facts.noChain)] };
  const { chain, ground, askedAt } = facts;
  const checks = checkRestore(ground);
  const bad = checks.filter(blocks);
  if (bad.length > 0) return { refusals: bad.map(toRefusal) };
  const { selection, replicas } = ground;
  const { place, database, target, tables, timeoutSeconds } = asked;
  const ids = { fullId: chain.full.id, chosenId: chain.chosen.id };
  const what = tables === null ? database : `${count(tables.length, 'table')} of ${database}`;
  return {
    summary: shape.summary({ what, moment: momentInWords(chain.moment.getTime()), target }),
    steps: shape.lane({ place, database, target, tables, timeoutSeconds, replicas, ...ids }, selection),
    notes: [
      ...gapNotes(chain, askedAt),
      ...chainNotes(facts),
      ...shape.notes,
      'Numbers that StarRocks gives out by itself (AUTO_INCREMENT) go on from where they were in the backup',
      ...checks.map(checkNote),
    ],
  };
}

/** Beside what stands: make the database, restore each part, compare. */
export function planBeside(asked: Omit<Asked, 'place'>, facts: RestorePlanFacts): PlanResult {
  return planRestore({ ...asked, place: 'BESIDE' }, facts, {
    summary: ({ what, moment, target }) => `Restore ${what} as of ${moment} beside it, as ${target}`,
    lane: besideLane,
    notes: [
      'Nothing that stands is changed: everything goes into a database that is made for it',
      'Not restored: grants, functions, materialized views, and what fills tables by itself (routine loads, tasks, pipes)',
    ],
  });
}

function gapNotes({ moment, next }: Chain, askedAt: Date | null): readonly string[] {
  if (askedAt === null) return [];
  const at = momentInWords(moment.getTime());
  const gap = `The nearest backup is of ${at}; what was written until ${momentInWords(askedAt.getTime())} is not in it`;
  const later = next === null ? 'There is no later backup' : `The next one is of ${momentInWords(next.getTime())}`;
  return [gap, later];
}

function chainNotes({ chain, ground }: { chain: Chain; ground: RestoreGround }): readonly string[] {
  const { full, incremental } = ground.selection;
  const { chosen } = chain;
  const of = (backup: Chain['full'], what: string, objects: readonly BackupObject[]) =>
    `${what} ${backup.snapshot ?? backup.id} of ${momentInWords((backup.snapshotAt ?? backup.startedAt).getTime())}` +
    `${backup.sizeBytes === null ? '' : ` (${bytesInWords(backup.sizeBytes)})`} brings ${objectsInWords(objects)}`;
  return [
    of(chain.full, 'The full backup', full),
    ...(chosen.id === chain.full.id
      ? []
      : chosen.snapshot === null
        ? [`Nothing had changed until ${momentInWords(chain.moment.getTime())}`]
        : [of(chosen, 'The incremental backup', incremental)]),
  ];
}

const mostNamed = 20;

function objectsInWords(objects: readonly BackupObject[]): string {
  if (objects.length === 0) return 'nothing';
  const named = objects
    .slice(0, mostNamed)
    .map(({ name, partitions }) =>
      partitions === null ? name : `${count(partitions.length, 'partition')} of ${name}`,
    );
  const rest = objects.length - mostNamed;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function checkNote({ name, status, severity, observed }: NamedCheck): string {
  const word = status === 'FAIL' ? severity : status;
  return `Check ${name}: ${word}, ${observed}`;
}

function toRefusal({ name, observed, hint }: NamedCheck): Refusal {
  return {
    code: name === 'name-free' ? 'ALREADY_EXISTS' : 'PREFLIGHT_FAILED',
    message: `${name}: ${observed}`,
    hint: hint ?? 'Ask for something else.',
  };
}

function noChainRefusal({ why, before, after }: NoChain): Refusal {
  const near = [
    ...(before === null ? [] : [`before it: ${momentInWords(before.getTime())}`]),
    ...(after === null ? [] : [`after it: ${momentInWords(after.getTime())}`]),
  ];
  return {
    code: 'NOT_FOUND',
    message: why,
    hint:
      near.length === 0
        ? 'No backup of it can be gone back to.'
        : `The nearest that can be gone back to: ${near.join(', ')}.`,
  };
}
