import type { BackupObject, BackupSelection } from '../../sql/ast.ts';
import { analysisError, analysisErrorAt, SqlError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';
import { partitionsOf } from '../data/placement.ts';
import { findTable, tablesOf } from '../data/tables.ts';
import type { BackupJob, Database, Table } from '../meta/state.ts';

type Chosen = BackupJob['objects'];

/** What a BACKUP takes, in the order of names. Names are looked at, kinds are not: ON (VIEW t) takes a table too (recorded). */
export function chooseObjects(fe: FrontendContext, db: Database, asked: BackupSelection | null): Chosen {
  const unknown = asked?.functions[0];
  if (unknown !== undefined)
    throw analysisError(`Invalid backup function(s), function name: ${db.name}.${unknown}`, 5064, '42000');
  const named = (asked?.named ?? []).map((object, at, all) => {
    const twice = all.findIndex(({ table }) => table === object.table) < at;
    if (twice) throw at1064(object.at, `Duplicated table: ${object.table}`);
    return chooseNamed(fe, db, object);
  });
  const whole = tablesOf(fe.group.state, db.id).filter(
    (table) => isTaken(fe, table, asked) && !named.some((object) => object.table === table.name),
  );
  const chosen = [...named, ...whole.map(({ name }) => ({ table: name, partitions: null }))];
  if (chosen.length === 0) throw analysisError(`Database: ${db.name} is empty`);
  return chosen.sort((a, b) => (a.table < b.table ? -1 : 1));
}

/** Without ON everything; materialized views as a kind only where a setting allows it, which it did by itself up to 3.2. */
function isTaken(fe: FrontendContext, { view }: Table, asked: BackupSelection | null): boolean {
  const wants = (kind: BackupSelection['all'][number]) => asked === null || asked.all.includes(kind);
  switch (view?.kind) {
    case undefined:
      return wants('TABLES');
    case 'VIEW':
      return wants('VIEWS');
    case 'MATERIALIZED VIEW':
      return wants('MATERIALIZED VIEWS') && allowsMaterialized(fe);
  }
}

function allowsMaterialized(fe: FrontendContext): boolean {
  return !fe.release.atLeast(3, 3) || fe.config.flag('enable_backup_materialized_view');
}

function chooseNamed(fe: FrontendContext, db: Database, object: BackupObject): Chosen[number] {
  const { table: name, partitions } = object;
  const table = findTable(fe.group.state, db.id, name);
  if (!table) throw analysisError(`Incorrect table name '${name}'`);
  const known = partitionsOf(fe.group.state, table.id).filter(({ temporary }) => !temporary);
  const missing = partitions?.find((wanted) => !known.some((one) => one.name === wanted));
  if (missing !== undefined)
    throw analysisErrorAt(object.partitionsAt, `partition[${missing}] does not exist  in table${name}`);
  return { table: name, partitions };
}

function at1064({ line, column }: BackupObject['at'], message: string): SqlError {
  const text = `Getting analyzing error at line ${line}, column ${column}. Detail message: ${message}.`;
  return new SqlError(1064, 'HY000', text);
}
