import { type Done, done } from '../../mysql/packets.ts';
import { isStoreLocation } from '../../object-store.ts';
import type { Release } from '../../release.ts';
import { analysisError, backupError, SqlError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { isDone } from '../backup/jobs.ts';
import { connectRepository } from '../backup/repository.ts';
import type { FrontendContext } from '../context.ts';
import type { Execution, StatementOf } from '../handlers.ts';
import { createIds } from '../meta/ids.ts';
import { type ClusterState, change, type Repository } from '../meta/state.ts';

const need = { privileges: ['REPOSITORY'] };
const properName = /^([a-zA-Z]\w{0,63}|_[a-zA-Z0-9]\w{0,62})$/;

export async function createRepository({
  statement,
  session,
  fe,
}: Execution<StatementOf['createRepository']>): Promise<Done> {
  requirePrivilege(fe, session, need);
  const { name, location, readOnly, broker, properties } = statement;
  if (!properName.test(name)) throw analysisError(`Incorrect repository name '${name}'`, 5063, '42000');
  refuseTaken(fe, name);
  if (broker !== '' && ![...fe.group.state.brokers.values()].some((one) => one.name === broker)) {
    throw analysisError(`Unknown broker name(${broker})`);
  }
  if (location === '') throw analysisError('You must specify a location on the repository');
  await oneByOne(async () => {
    refuseTaken(fe, name);
    const connected = await connect(fe, { id: 0, name, createdAt: Date.now(), readOnly, location, broker, properties });
    await fe.group.update((state) => {
      const ids = createIds(state);
      const repository = { ...connected, id: ids.next() };
      return { changes: [change('repositories', repository.id, repository), ids.change()], value: null };
    });
  });
  return done();
}

let tail: Promise<unknown> = Promise.resolve();

/**
 * The lock that the manager of repositories holds while it asks the store: one that cannot be reached makes every other CREATE and
 * DROP wait, and a client that gives up does not free it.
 */
function oneByOne<T>(work: () => Promise<T>): Promise<T> {
  const run = tail.then(work);
  tail = run.catch(() => undefined);
  return run;
}

function refuseTaken(fe: FrontendContext, name: string): void {
  if (findRepository(fe.group.state, name) === null) return;
  throw backupError(fe.release, `Failed to create repository: repository with same name already exist: ${name}`);
}

async function connect(fe: FrontendContext, repository: Repository): Promise<Repository> {
  try {
    if (!isStoreLocation(repository.location)) throw new Error(`Invalid location: ${repository.location}`);
    return await connectRepository(fe.stores, repository);
  } catch (error) {
    const path = `${repository.location.replace(/\/+$/, '')}/__starrocks_repository_${repository.name}/__repo_info`;
    const text = error instanceof Error ? error.message : String(error);
    throw backupError(fe.release, `Failed to create repository: failed to list remote path: ${path}. msg: ${text}`);
  }
}

export async function dropRepository({
  statement,
  session,
  fe,
}: Execution<StatementOf['dropRepository']>): Promise<Done> {
  requirePrivilege(fe, session, need);
  const found = findRepository(fe.group.state, statement.name);
  if (!found) throw analysisError('Repository does not exist', 5064, '42000');
  const busy = [...fe.group.state.jobs.values()].some((job) => job.repositoryId === found.id && !isDone(job));
  if (busy) throw backupError(fe.release, 'Backup or restore job is running on this repository. Can not drop it');
  await oneByOne(() => fe.group.update(() => ({ changes: [change('repositories', found.id, null)], value: null })));
  return done();
}

export function findRepository(state: ClusterState, name: string): Repository | null {
  return [...state.repositories.values()].find((repository) => repository.name === name) ?? null;
}

/** SHOW SNAPSHOT of an unknown repository. */
export function repositoryMissing(release: Release, name: string): SqlError {
  if (!release.atLeast(3, 3)) return new SqlError(1064, 'HY000', `Repository ${name} does not exist`);
  return analysisError(`Repository [${name}] does not exist`, 5064, '42000');
}
