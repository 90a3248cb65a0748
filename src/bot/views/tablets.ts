import type { KnownBlock } from '@slack/web-api';
import { bytesInWords } from '../../domain/backup/sizes.ts';
import { type Balancing, balancingInWords } from '../../domain/tablets/balancing.ts';
import { type DatabaseTablets, type Disk, mediumInWords } from '../../domain/tablets/disk.ts';
import { type TabletsOfTable, tabletsOfTableInWords } from '../../domain/tablets/replicas.ts';
import { code, context, count, fitLines, header, type Message, safe, section } from './text.ts';

type Problems = { readonly clusterName: string; readonly problems: readonly string[] };

/** The databases of a cluster and how whole their tablets are. */
export function tabletsView({
  clusterName,
  databases,
  deadBackends,
  balancing,
  problems,
}: Problems & {
  readonly balancing: Balancing;
  readonly databases: readonly DatabaseTablets[];
  readonly deadBackends: readonly { readonly label: string; readonly replicas: number }[];
}): Message {
  const unhealthy = databases.reduce((sum, each) => sum + each.unhealthyTablets, 0);
  const all = databases.reduce((sum, each) => sum + each.tablets, 0);
  const dead = deadBackends.map(
    ({ label, replicas }) =>
      `• ${code(label)} is *down* with ${count(replicas, 'replica')}, which StarRocks counts as missing only 900 s later`,
  );
  const told = problems.length > 0 ? 'they could not be read' : `${unhealthy} unhealthy of ${count(all, 'tablet')}`;
  return {
    text: safe(`Tablets of ${clusterName}: ${told}.`, 300),
    blocks: [
      header(`Tablets of ${clusterName}`),
      ...problemBlocks(problems),
      section(balancingLine(balancing)),
      ...(dead.length === 0 ? [] : [section(fitLines(dead, 1_200))]),
      ...(problems.length > 0
        ? []
        : [section(databases.length === 0 ? 'There is *no database*.' : fitLines(databases.map(databaseLine), 2_600))]),
      context(
        '`/sr tablets &lt;cluster&gt; &lt;database&gt;` shows its tables; `/sr repair-table` has one of them repaired first.',
      ),
    ],
  };
}

/** What keeps it off can be ended by cancelling that run. */
function balancingLine(balancing: Balancing): string {
  const words = safe(balancingInWords(balancing), 300);
  const { isOn, isColocateOn, keptBy } = balancing;
  const isAsUsual = isOn === true && isColocateOn !== false;
  const end =
    keptBy?.until == null || keptBy.isLeftOver ? '' : ` \`/sr cancel R-${keptBy.runNumber}\` ends that at once.`;
  return `${isAsUsual ? words : `*${words}*`}.${end}`;
}

function databaseLine(database: DatabaseTablets): string {
  const wrong = [
    ...(database.unhealthyTablets > 0 ? [`*${database.unhealthyTablets} UNHEALTHY*`] : []),
    ...(database.inconsistentTablets > 0 ? [`*${database.inconsistentTablets} INCONSISTENT*`] : []),
    ...(database.errorStateTablets > 0 ? [`*${database.errorStateTablets} IN ERROR STATE*`] : []),
    ...(database.cloningTablets > 0 ? [`${database.cloningTablets} being made`] : []),
  ];
  const { tables, tablets } = database;
  return `• ${code(database.name, 80)}: ${wrong.join(', ') || 'all whole'}, of ${count(tablets, 'tablet')} in ${count(tables, 'table')}`;
}

/** The tables of one database. */
export function tablesView({
  clusterName,
  database,
  tables,
  problems,
}: Problems & {
  readonly database: string;
  readonly tables: readonly (TabletsOfTable & { readonly name: string })[];
}): Message {
  const wrong = tables.filter(({ unhealthy }) => unhealthy.length > 0).length;
  const lines = tables.map((table) => {
    const words = safe(tabletsOfTableInWords(table), 300);
    return `• ${code(table.name, 80)}: ${table.unhealthy.length > 0 ? `*NOT WHOLE*, ${words}` : words}`;
  });
  return {
    text: safe(`${database} of ${clusterName}: ${wrong} of ${count(tables.length, 'table')} not whole.`, 300),
    blocks: [
      header(safe(`Tables of ${database} (${clusterName})`, 140)),
      ...problemBlocks(problems),
      ...(lines.length === 0 ? [] : [section(fitLines(lines, 2_600))]),
      context(
        '`/sr repair-table &lt;cluster&gt; &lt;database&gt; &lt;table&gt;` has a table repaired before the others.',
      ),
    ],
  };
}

/** The disks of each backend. */
export function disksView({
  clusterName,
  backends,
  problems,
}: Problems & {
  readonly backends: readonly { readonly label: string; readonly alive: boolean; readonly disks: readonly Disk[] }[];
}): Message {
  const lines = backends.flatMap(({ label, alive, disks }) => [
    `${code(label)}${alive ? '' : ' *NOT ALIVE*, as last seen'}${disks.length === 0 ? ': no disk is known' : ''}`,
    ...disks.map(diskLine),
  ]);
  const all = backends.flatMap(({ disks }) => disks).length;
  const told =
    problems.length > 0 ? 'they could not be read' : `${count(all, 'disk')} on ${count(backends.length, 'backend')}`;
  return {
    text: safe(`Disks of ${clusterName}: ${told}.`, 300),
    blocks: [
      header(`Disks of ${clusterName}`),
      ...problemBlocks(problems),
      ...(lines.length === 0 ? [] : [section(fitLines(lines, 2_800))]),
    ],
  };
}

function diskLine({ path, medium, state, usedPercent, availableBytes, tabletCount }: Disk): string {
  const facts = [
    mediumInWords(medium),
    usedPercent === null ? 'how full is not known' : `${Math.round(usedPercent)} % full`,
    ...(availableBytes === null ? [] : [`${bytesInWords(availableBytes)} free`]),
    ...(tabletCount === null ? [] : [count(tabletCount, 'tablet')]),
    ...(state === 'ONLINE' ? [] : [`*${safe(state, 30)}*`]),
  ];
  return `    • ${code(path, 120)}: ${facts.join(', ')}`;
}

function problemBlocks(problems: readonly string[]): readonly KnownBlock[] {
  return problems.length === 0 ? [] : [section(`*Not everything could be read*: ${safe(problems.join('; '), 900)}`)];
}
