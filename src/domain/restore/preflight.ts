import { bytesInWords } from '../backup/sizes.ts';
import type { CataloguedBackup } from '../backup/usable.ts';
import { passedCheckOf } from '../backup/usable.ts';
import { isSystemDatabase } from '../system-databases.ts';
import { type NamedCheck, skipped, verdict } from '../verdict.ts';
import { count } from '../words.ts';
import { checkRights } from './rights.ts';
import type { Selection } from './selection.ts';

/** A table as it stands in the database now. */
export type StandingTable = {
  readonly name: string;
  /** Null = it does not say. */
  readonly replicas: number | null;
  /** `RANGE`, `LIST`, `UNPARTITIONED`; null = not known. */
  readonly partitioning: string | null;
  readonly hasDynamicPartitions: boolean;
  /** The colocation group; null = none. */
  readonly group: string | null;
};

/** `BESIDE`: a database of their own. `OWN_NAMES`: the database that they were dropped from, where the names are free. */
export const places = ['BESIDE', 'OWN_NAMES'] as const;
export type Place = (typeof places)[number];

export type RestoreGround = {
  readonly place: Place;
  readonly database: string;
  /** The database that is to be filled. */
  readonly target: string;
  /** What is restored, in order. */
  readonly backups: readonly Pick<
    CataloguedBackup,
    'id' | 'repository' | 'location' | 'sizeBytes' | 'checks' | 'origin'
  >[];
  readonly selection: Selection;
  /** Whether only some of what the backups hold comes back. */
  readonly isPart: boolean;
  readonly replicas: number;
  /** `shared_nothing`; null = not known. */
  readonly runMode: string | null;
  readonly databases: readonly string[];
  readonly repositories: readonly {
    readonly name: string;
    readonly location: string;
    readonly errorMessage: string | null;
  }[];
  readonly backends: readonly { readonly alive: boolean; readonly availableBytes: number | null }[];
  /** Null = the database is not there now, or its tables could not be read. */
  readonly tables: readonly StandingTable[] | null;
  /** The names of all tables and views that stand in `target` now; null = it is not there, or nobody knows. */
  readonly standing: readonly string[] | null;
  /** Lines of SHOW GRANTS of our user and of its roles; null = they could not be read. */
  readonly grants: readonly string[] | null;
};

/** As many as the tables have now, and no more than there are living backends; three, as StarRocks takes, if nobody knows. */
export function chooseReplicas(
  asked: number | undefined,
  { tables, restored, living }: { tables: RestoreGround['tables']; restored: readonly string[]; living: number },
): number {
  const own = (tables ?? []).filter(({ name }) => restored.includes(name)).flatMap(({ replicas }) => replicas ?? []);
  return asked ?? Math.max(1, Math.min(own.length === 0 ? 3 : Math.max(...own), living));
}

/**
 * What speaks against a restore, each as a named check: asked for the plan, and again right before the first statement. A
 * check that blocks refuses; what could not be told is SKIPPED and says why.
 */
export function checkRestore(ground: RestoreGround): readonly NamedCheck[] {
  return [
    checkRunMode(ground),
    checkVersion(),
    checkRights({
      ...{ grants: ground.grants, place: ground.place, target: ground.target },
      hasViews: ground.selection.tables.some(({ type }) => type === 'VIEW'),
    }),
    checkTarget(ground),
    checkWhole(ground),
    checkRepository(ground),
    checkObjects(ground),
    checkReplicas(ground),
    checkSpace(ground),
    checkListPartitions(ground),
    checkDynamicPartitions(ground),
    checkGroups(ground),
    checkViews(ground),
    ...(isUnderOwnNames(ground) ? [checkGrants()] : []),
  ];
}

function checkRunMode({ runMode }: RestoreGround): NamedCheck {
  const wanted = 'data on backends (shared_nothing)';
  if (runMode === null) return skipped('run-mode', { why: 'not known', wanted });
  return verdict('run-mode', 'BLOCK', runMode !== 'shared_data', {
    ...{ observed: runMode, wanted },
    hint: 'RESTORE works on data that lies on backends. A shared-data cluster is brought back by a cluster snapshot.',
  });
}

function checkVersion(): NamedCheck {
  const why = 'a backup does not say which version made it; StarRocks reads those of older versions';
  return skipped('version', { why, wanted: 'not older than the version that made the backup' });
}

/** Whether tables come back under their own names, into the database that they were dropped from. */
function isUnderOwnNames({ place }: RestoreGround): boolean {
  return place === 'OWN_NAMES';
}

/** RESTORE writes over a table that stands there, so each name has to be free, and known to be. */
function checkNames({ target, databases, selection, standing: names }: RestoreGround): NamedCheck {
  const wanted = 'no table or view of these names';
  const taken = names === null ? null : selection.tables.map(({ name }) => name).filter((name) => names.includes(name));
  const isSystem = isSystemDatabase(target) || target.trim().toLowerCase() === 'mysql';
  const isThere = databases.includes(target);
  return verdict('name-free', 'BLOCK', !isSystem && isThere && taken !== null && taken.length === 0, {
    observed: isSystem
      ? `${target} is a database of StarRocks' own`
      : !isThere
        ? `the database ${target} is not there`
        : taken === null
          ? `the tables of ${target} could not be read`
          : taken.length === 0
            ? `free in ${target}`
            : `${some(taken, ', ')} stands in ${target}`,
    wanted,
    hint: isThere
      ? 'restoreTables restores beside what stands, and overwrites nothing either.'
      : 'restoreDatabase brings a whole database back, under another name.',
  });
}

function checkGrants(): NamedCheck {
  return skipped('grants', {
    why: 'grants on a table go with it, and who had them is not known; those on its database hold again',
    wanted: 'everybody reads and writes it who did before',
    hint: 'Who may ask for it (GRANT on SYSTEM) looks with SHOW GRANTS, and grants anew.',
  });
}

function checkTarget(ground: RestoreGround): NamedCheck {
  if (isUnderOwnNames(ground)) return checkNames(ground);
  const { target, databases } = ground;
  const isTaken = databases.some((name) => name === target);
  const isSystem = isSystemDatabase(target) || target.trim().toLowerCase() === 'mysql';
  return verdict('name-free', 'BLOCK', !isTaken && !isSystem, {
    observed: isSystem
      ? `${target} is a database of StarRocks' own`
      : isTaken
        ? `${target} is there already`
        : `${target} is free`,
    wanted: 'a name that no database has',
    hint: 'Choose another name for the copy: a restore never goes into what stands there.',
  });
}

function checkWhole({ selection: { holes, unknown, tables } }: RestoreGround): NamedCheck {
  const lost = holes.map(
    ({ table, partition, why }) => `${partition === null ? table : `${partition} of ${table}`}: ${why}`,
  );
  const missing = unknown.map((name) => `${name}: it did not stand there at that moment`);
  const all = [...missing, ...lost];
  return verdict('held-by-the-backups', 'BLOCK', all.length === 0 && tables.length > 0, {
    observed: all.length === 0 ? count(tables.length, 'table or view', 'tables and views') : some(all, '; '),
    wanted: 'every table and partition that is asked for, as it was',
    hint: 'Ask for another moment, or name the tables that the backups hold.',
  });
}

function checkRepository({ backups, repositories }: RestoreGround): NamedCheck {
  const wanted = 'there, and where it was';
  const hint = 'Look at SHOW REPOSITORIES; a repository is made known again by takeOverRepository.';
  const problems = backups.flatMap(({ repository, location }) => {
    const found = repositories.find(({ name }) => name === repository);
    if (found === undefined) return [`${repository} is not there`];
    if (location !== null && found.location !== location)
      return [`${repository} was at ${location} and is at ${found.location}`];
    return [];
  });
  if (problems.length > 0)
    return verdict('repository', 'BLOCK', false, { observed: some([...new Set(problems)], '; '), wanted, hint });
  const ill = repositories.filter(
    ({ name, errorMessage }) => errorMessage !== null && backups.some((each) => each.repository === name),
  );
  const names = [...new Set(backups.map(({ repository }) => repository))].join(', ');
  return verdict('repository', 'WARN', ill.length === 0, {
    observed:
      ill.length === 0
        ? names
        : some(
            ill.map(({ name, errorMessage }) => `${name}: ${errorMessage}`),
            '; ',
          ),
    ...{ wanted, hint },
  });
}

function checkObjects({ backups }: RestoreGround): NamedCheck {
  const weak = backups.filter(({ checks }) => passedCheckOf(checks)?.level !== 'L1').map(({ id }) => id);
  return verdict('objects-verified', 'WARN', weak.length === 0, {
    observed:
      weak.length === 0
        ? 'every object was found by the newest check'
        : `not looked at object by object: ${weak.join(', ')}`,
    wanted: 'verified with L1',
    hint: 'verifyBackup with level L1 says beforehand whether an object is missing.',
  });
}

function checkReplicas({ backends, replicas }: RestoreGround): NamedCheck {
  const living = backends.filter(({ alive }) => alive).length;
  return verdict('replicas', 'BLOCK', replicas <= living, {
    observed: `${count(replicas, 'replica')} on ${count(living, 'living backend')}`,
    wanted: 'no more replicas than living backends',
    hint: 'Ask for fewer replicas, or bring backends up.',
  });
}

function checkSpace({ backends, backups, replicas, isPart }: RestoreGround): NamedCheck {
  const wanted = 'room for everything that is restored, in each replica';
  const sizes = backups.map(({ sizeBytes }) => sizeBytes);
  const living = backends.filter(({ alive }) => alive).map(({ availableBytes }) => availableBytes);
  if (sizes.includes(null)) return skipped('space', { why: 'nobody counted how large the backups are', wanted });
  if (living.includes(null)) return skipped('space', { why: 'a backend does not say how much room it has', wanted });
  const needed = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) * replicas;
  const room = living.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  const what = `${isPart ? 'at most ' : ''}${bytesInWords(needed)} for ${bytesInWords(room)} of room`;
  // Of some tables nobody knows how much of the backups they are.
  return verdict('space', isPart ? 'WARN' : 'BLOCK', needed <= room, {
    ...{ observed: what, wanted },
    hint: 'Make room, ask for fewer replicas or fewer tables. What was dropped without FORCE takes room for a day.',
  });
}

function checkListPartitions({ selection: { split, tables: restored }, tables }: RestoreGround): NamedCheck {
  const wanted = 'no table with partitions by list among those of which each backup brings a part';
  const partitioned = split.filter((name) => (restored.find((each) => each.name === name)?.partitions.length ?? 0) > 0);
  const lists = partitioned.filter((name) =>
    tables?.some((each) => each.name === name && each.partitioning === 'LIST'),
  );
  const open = partitioned.filter((name) => !tables?.some((each) => each.name === name && each.partitioning !== null));
  if (lists.length === 0 && open.length > 0)
    return skipped('list-partitions', { why: `how these are partitioned is not known: ${some(open, ', ')}`, wanted });
  return verdict('list-partitions', 'BLOCK', lists.length === 0, {
    observed: lists.length === 0 ? 'none' : some(lists, ', '),
    wanted,
    hint: 'RESTORE adds partitions by range only to a table that stands there. Restore the full backup by its id.',
  });
}

function checkDynamicPartitions(ground: RestoreGround): NamedCheck {
  const { selection, tables } = ground;
  if (isUnderOwnNames(ground))
    return skipped('dynamic-partitions', {
      why: 'which of the tables had them is not known; they are switched off until somebody switches them on',
      wanted: 'nothing that drops at once what came back',
    });
  const found = standing(selection, tables)
    .filter((each) => each.hasDynamicPartitions)
    .map(({ name }) => name);
  return verdict('dynamic-partitions', 'INFO', found.length === 0, {
    observed: found.length === 0 ? 'none' : `switched off on the copy of ${some(found, ', ')}`,
    wanted: 'nothing that drops old partitions of a copy by itself',
    hint: 'Switch them on again where the copy is to be used from then on.',
  });
}

function checkGroups(ground: RestoreGround): NamedCheck {
  const { selection, tables } = ground;
  if (isUnderOwnNames(ground))
    return skipped('colocation', {
      why: 'in which group a table was is not known; it is in none then',
      wanted: 'in the group that it was in',
      hint: "Put it back with ALTER TABLE … SET ('colocate_with' = …).",
    });
  const found = standing(selection, tables).filter(({ group }) => group !== null);
  return verdict('colocation', 'INFO', found.length === 0, {
    observed:
      found.length === 0
        ? 'none'
        : some(
            found.map(({ name, group }) => `${name} in ${group}`),
            ', ',
          ),
    wanted: 'no table in a colocation group',
    hint: 'The copy is in no group, so joins move its data.',
  });
}

function checkViews(ground: RestoreGround): NamedCheck {
  const {
    selection: { tables, leftOut },
    database,
  } = ground;
  const views = tables.filter(({ type }) => type === 'VIEW').map(({ name }) => name);
  const words = [
    ...(views.length === 0 || isUnderOwnNames(ground)
      ? []
      : [`${some(views, ', ')}: a restored view still reads ${database}`]),
    ...(leftOut.length === 0 ? [] : [`materialized views are not restored: ${some(leftOut, ', ')}`]),
  ];
  return verdict('views', 'WARN', words.length === 0, {
    observed: words.length === 0 ? 'none' : words.join('; '),
    wanted: 'nothing that reads other tables than its copy stands beside',
    hint: 'Make views anew on the copy where they are needed there.',
  });
}

function standing({ tables }: Selection, now: RestoreGround['tables']): readonly StandingTable[] {
  return (now ?? []).filter(({ name }) => tables.some((each) => each.name === name));
}

const most = 10;

function some(all: readonly string[], between: string): string {
  const shown = all.slice(0, most).join(between);
  return all.length > most ? `${shown}${between}and ${all.length - most} more` : shown;
}
