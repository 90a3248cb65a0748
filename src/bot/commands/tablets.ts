import { canSomewhere } from '../../domain/access.ts';
import { lookAtBalancing, lookAtDisks, lookAtTables, lookAtTablets } from '../../runs/look-at-tablets.ts';
import type { BotCommand } from '../bot.ts';
import { findClusterByWord } from '../resolve.ts';
import { disksView, tablesView, tabletsView } from '../views/tablets.ts';

export const tablets: BotCommand = {
  spec: {
    verb: 'tablets',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'database', kind: 'word', isOptional: true },
    ],
    flags: [],
  },
  summary: 'Show how whole the tablets of a cluster are, by database; of one database, by table.',
  examples: ['tablets prod-eu', 'tablets prod-eu sales'],
  waiting: 'Looking at the tablets…',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, engine }, { actor, command }) {
    const cluster = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const database = command.words.get('database')?.[0];
    if (database === undefined) {
      // What is not known of balancing is said by its own sentence.
      const [looked, balancing] = await Promise.all([
        lookAtTablets(engine, cluster.id),
        lookAtBalancing(engine, cluster.id),
      ]);
      return tabletsView({ clusterName: cluster.name, ...looked, balancing });
    }
    const looked = await lookAtTables(engine, { clusterId: cluster.id, database });
    return tablesView({ clusterName: cluster.name, database, ...looked });
  },
};

export const disks: BotCommand = {
  spec: { verb: 'disks', positional: [{ name: 'cluster', kind: 'word', isOptional: false }], flags: [] },
  summary: 'Show the disks of the backends of a cluster: path, medium, and how full they are.',
  examples: ['disks prod-eu'],
  waiting: 'Looking at the disks…',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, engine }, { actor, command }) {
    const cluster = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    return disksView({ clusterName: cluster.name, ...(await lookAtDisks(engine, cluster.id)) });
  },
};
