import { canSomewhere } from '../../domain/access.ts';
import { lookAtRepositories, lookIntoRepository } from '../../runs/look-at-repositories.ts';
import { listVisibleRepositories } from '../../store/reads/repositories.ts';
import type { BotCommand } from '../bot.ts';
import { findClusterByWord, readableBy } from '../resolve.ts';
import { notice } from '../views/notices.ts';
import { repositoriesView, snapshotsView } from '../views/repositories.ts';
import { code } from '../views/text.ts';

export const repositories: BotCommand = {
  spec: {
    verb: 'repositories',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'repository', kind: 'word', isOptional: true },
    ],
    flags: [],
  },
  summary: 'Show the repositories of a cluster and how they are; of one, also what lies in it and whose that is.',
  examples: ['repositories prod-eu', 'repositories prod-eu nightly'],
  waiting: 'Looking at the repositories…',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, engine }, { actor, command }) {
    const cluster = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const managed = await listVisibleRepositories(db, { visibility: readableBy(actor), clusterId: cluster.id });
    const looked = await lookAtRepositories(engine, { clusterId: cluster.id, managed });
    const wanted = command.words.get('repository')?.[0];
    if (wanted === undefined) return repositoriesView({ clusterName: cluster.name, ...looked });
    const repository = looked.repositories.find(({ name }) => name === wanted);
    if (repository === undefined)
      return notice([`${code(cluster.name)} has no repository ${code(wanted)}.`, ...looked.problems].join(' '));
    return snapshotsView({ clusterName: cluster.name, repository, ...(await lookIntoRepository(engine, repository)) });
  },
};
