import { type Kysely, type RawBuilder, sql } from 'kysely';
import { addColumns, addIndex } from './once.ts';

/**
 * What each step is about, what it does to its subject and leaves beside it, what it observed, and what it holds the run
 * for. The defaults fill in the steps that exist already. A process of the version before cannot go on beside a newer one:
 * 0010 renames columns that it needs, so all of them are stopped first.
 */
const columns = {
  about_kind: "VARCHAR(16) NOT NULL DEFAULT 'cluster'",
  about_id: 'VARCHAR(255) NULL',
  about_label: "VARCHAR(255) NOT NULL DEFAULT 'the cluster'",
  effect: "VARCHAR(16) NOT NULL DEFAULT 'changes'",
  leaves: 'VARCHAR(32) NULL',
  removes: 'VARCHAR(32) NULL',
  observed: 'VARCHAR(255) NULL',
  hold: 'TEXT NULL',
};

/** For the nodes that runs of a cluster are working on: tells steps that matter from the many that do not. */
const index = { name: 'run_step_about', columns: ['run_id', 'about_kind', 'effect'] };

/** A parameter of a step, as text. */
function param(path: string): RawBuilder<string> {
  return sql<string>`JSON_UNQUOTE(JSON_EXTRACT(params, ${sql.lit(path)}))`;
}

type About = { readonly kind: string; readonly id: RawBuilder<string | null>; readonly label: RawBuilder<string> };

const none = sql<null>`NULL`;
const node: About = { kind: 'node', id: param('$.nodeId'), label: param('$.label') };
const namedNode: About = { kind: 'node', id: none, label: param('$.label') };
const address = sql<string>`CONCAT(${param('$.address')}, ':', ${param('$.port')})`;
const hostByAddress: About = { kind: 'host', id: none, label: address };
const host: About = { kind: 'host', id: param('$.hostId'), label: param('$.address') };
const database: About = { kind: 'database', id: param('$.database'), label: param('$.database') };

/**
 * The kinds of steps that existed before these columns, as they were then. Kinds that are about the cluster and change it
 * are not listed: the defaults fit them.
 */
const known: readonly { readonly kinds: readonly string[]; readonly about: About | null; readonly effect: string }[] = [
  { kinds: ['stopNode', 'stopForMove'], about: node, effect: 'takes-away' },
  {
    kinds: ['startNode', 'awaitNode', 'startForMove', 'awaitVersion'],
    about: node,
    effect: 'brings-back',
  },
  { kinds: ['guardNode', 'noteProcess'], about: node, effect: 'looks' },
  { kinds: ['swapBinaries', 'swapBack'], about: node, effect: 'changes' },
  { kinds: ['removeStaged', 'removeKept'], about: namedNode, effect: 'changes' },
  { kinds: ['unpackRelease'], about: { kind: 'node', id: none, label: param('$.node.label') }, effect: 'changes' },
  { kinds: ['fetchArchive', 'dropArchive'], about: host, effect: 'changes' },
  { kinds: ['forgetHost'], about: { kind: 'host', id: param('$.hostId'), label: param('$.place') }, effect: 'changes' },
  { kinds: ['recordHost', 'pinHostKey', 'attachNodes'], about: hostByAddress, effect: 'changes' },
  { kinds: ['verifyHost'], about: hostByAddress, effect: 'looks' },
  { kinds: ['recordBackup', 'takeBackup'], about: database, effect: 'changes' },
  {
    kinds: ['verifySnapshot'],
    about: { kind: 'repository', id: param('$.repository'), label: param('$.repository') },
    effect: 'looks',
  },
  { kinds: ['holdForPerson'], about: null, effect: 'waits' },
  {
    kinds: [
      'saveTopology',
      'inspectCluster',
      'inspectUpgrade',
      'verifyArchive',
      'proveArchive',
      'noteJournal',
      'sampleQueries',
      'measureBaseline',
      'compareQueries',
      'soak',
    ],
    about: null,
    effect: 'looks',
  },
];

const more = [
  sql`UPDATE run_step SET leaves = 'kept-binaries' WHERE kind = 'swapBinaries'`,
  sql`UPDATE run_step SET removes = 'kept-binaries' WHERE kind = 'swapBack'`,
  sql`UPDATE run_step SET observed = LEFT(JSON_UNQUOTE(JSON_EXTRACT(facts, '$.version')), 255)
    WHERE kind IN ('guardNode', 'awaitVersion') AND state IN ('done', 'already')
      AND JSON_TYPE(JSON_EXTRACT(facts, '$.version')) = 'STRING'`,
  // Runs that wait for a person now: the step that asked for that is done, and no later step has begun.
  sql`UPDATE run_step AS held
    JOIN run ON run.id = held.run_id
    LEFT JOIN run_step AS later
      ON later.run_id = held.run_id AND later.phase = 'do' AND later.position > held.position
        AND later.started_at IS NOT NULL
    SET held.hold = JSON_UNQUOTE(JSON_EXTRACT(held.params, '$.message'))
    WHERE run.state = 'PAUSED' AND held.kind = 'holdForPerson' AND held.state = 'done' AND later.run_id IS NULL`,
];

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'run_step', columns);
  for (const { kinds, about, effect } of known) {
    const subject =
      about === null
        ? sql``
        : sql`about_kind = ${about.kind}, about_id = LEFT(${about.id}, 255), about_label = COALESCE(LEFT(${about.label}, 255), about_label),`;
    await sql`UPDATE run_step SET ${subject} effect = ${effect} WHERE kind IN (${sql.join([...kinds])})`.execute(db);
  }
  for (const statement of more) await statement.execute(db);
  await addIndex(db, 'run_step', index);
}
