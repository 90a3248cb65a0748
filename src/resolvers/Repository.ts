import { readIdOfUnmanaged, type SeenRepository } from '../domain/backup/seen-repository.ts';
import type { SeenSnapshot } from '../domain/backup/seen-snapshot.ts';
import type { Cluster } from '../domain/cluster.ts';
import { AppError } from '../errors.ts';
import {
  type LookedAtRepositories,
  type LookedAtSnapshotsOf,
  lookAtRepositories,
  lookIntoRepository,
} from '../runs/look-at-repositories.ts';
import { maxBucketLists } from './loaders.ts';
import type { RequestContext } from './request-context.ts';

const maxSnapshots = 500;
/** Of one name; the others are counted. */
const maxTimestamps = 20;

/** The field `Cluster.repositories`. */
export function repositoriesOf({ id }: Pick<Cluster, 'id'>, _: unknown, context: RequestContext) {
  return lookOnce(id, context);
}

/** The repository with this id, of ours or only of StarRocks; null where its cluster may not be seen. */
export async function findSeenRepository(id: string, context: RequestContext): Promise<SeenRepository | null> {
  const unmanaged = readIdOfUnmanaged(id);
  const owner = unmanaged ?? (await context.loaders.repository.load(id));
  if (owner === null || (await context.loaders.cluster.load(owner.clusterId)) === null) return null;
  const { repositories } = await lookOnce(owner.clusterId, context);
  return repositories.find((each) => each.id === id) ?? null;
}

/** The repository that is called so on a cluster which was seen; null = there is none now, or the cluster did not tell. */
export async function repositoryOf(
  { clusterId, name }: { readonly clusterId: string; readonly name: string },
  context: RequestContext,
): Promise<SeenRepository | null> {
  if ((await context.loaders.cluster.load(clusterId)) === null) return null;
  const { repositories } = await lookOnce(clusterId, context);
  return repositories.find((each) => each.name === name) ?? null;
}

function lookOnce(clusterId: string, { loaders, deps }: RequestContext): Promise<LookedAtRepositories> {
  return loaders.looksAtRepositories(clusterId, async () =>
    lookAtRepositories(deps.engine, { clusterId, managed: await loaders.repositoriesOfCluster.load(clusterId) }),
  );
}

type Page = { readonly first: number; readonly afterName: string | null };
type Shown = LookedAtSnapshotsOf & { readonly page: Page };

export const Repository = {
  cluster: ({ clusterId }: SeenRepository, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(clusterId),
  snapshots: async (
    repository: SeenRepository,
    { first, afterName }: { first?: number | null; afterName?: string | null },
    { loaders, deps }: RequestContext,
  ): Promise<Shown> => {
    const page = { first: first ?? 100, afterName: afterName ?? null };
    if (page.first < 1 || page.first > maxSnapshots)
      throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxSnapshots}`, { path: ['first'] });
    if (!loaders.mayListBucket()) {
      const problem = `One request lists the snapshots of at most ${maxBucketLists} repositories: ask for ${repository.name} by itself`;
      return { snapshots: [], problems: [problem], page };
    }
    return { ...(await lookIntoRepository(deps.engine, repository)), page };
  },
};

export const RepositorySnapshots = {
  nodes: ({ snapshots, page: { first, afterName } }: Shown) =>
    snapshots.filter(({ name }) => afterName === null || name > afterName).slice(0, first),
  totalCount: ({ snapshots, problems }: Shown) => (problems.length > 0 ? null : snapshots.length),
  foreignCount: ({ snapshots, problems }: Shown) =>
    problems.length > 0 ? null : snapshots.filter(({ owner }) => owner === 'FOREIGN').length,
};

export const RepositorySnapshot = {
  timestamps: ({ timestamps }: SeenSnapshot) => timestamps.slice(0, maxTimestamps),
  timestampCount: ({ timestamps }: SeenSnapshot) => timestamps.length,
  backup: ({ backupId }: SeenSnapshot, _: unknown, { loaders }: RequestContext) =>
    backupId === null ? null : loaders.backup.load(backupId),
};
