import type { RepositoryRow } from '../topology.ts';
import type { Repository, RepositoryKind } from './repository.ts';
import { isOwnProblem, whyNotMounted } from './repository-health.ts';
import { parseLocation, withoutKeys } from './store-location.ts';

/** `UNMANAGED`: only StarRocks knows it; somebody made it by hand, and it can be taken over. */
export type RepositoryOrigin = Repository['origin'] | 'UNMANAGED';

/** `UNKNOWN`: the cluster did not tell, and nothing else is known against it. Never the same as well. */
export type RepositoryHealth = 'WELL' | 'UNHEALTHY' | 'UNKNOWN';

/** A repository as people are shown it: what is stored of it, and what the cluster says now. Holds no key and no reference to one. */
export type SeenRepository = {
  /** Of one under management, its own; otherwise made from the cluster's id and the name, until it is taken over. */
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  readonly location: string;
  readonly kind: RepositoryKind;
  readonly isReadOnly: boolean;
  readonly origin: RepositoryOrigin;
  /** Whether Starwarden has a way of its own to the objects. */
  readonly isReachedDirectly: boolean;
  readonly health: RepositoryHealth;
  /** What SHOW REPOSITORIES says against it; null = nothing, or it was not asked. */
  readonly starRocksError: string | null;
  /** What Starwarden's own last try found. */
  readonly problem: Repository['problem'];
  readonly checkedAt: Date | null;
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
};

type Known = {
  readonly clusterId: string;
  readonly managed: readonly Repository[];
  /** SHOW REPOSITORIES; null = the cluster did not tell. */
  readonly rows: readonly RepositoryRow[] | null;
};

/** Those under management and those that StarRocks has besides, by name. */
export function seeRepositories({ clusterId, managed, rows }: Known): readonly SeenRepository[] {
  const names = new Set(managed.map(({ name }) => name));
  const others = (rows ?? []).filter(({ name }) => !names.has(name));
  return [
    ...managed.map((each) => seeManaged(each, rows)),
    ...others.map((row) => seeUnmanaged(row, clusterId)),
  ].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function seeManaged(repository: Repository, rows: readonly RepositoryRow[] | null): SeenRepository {
  const { id, clusterId, name, location, kind, readOnly, origin, access, problem, checkedAt } = repository;
  const row = rows?.find((each) => each.name === name) ?? null;
  const said = rows === null ? null : (whyNotMounted(row, repository)?.message ?? null);
  // What an earlier try heard from StarRocks is older than its own list, where there is one.
  const counts = problem !== null && (rows === null || isOwnProblem(problem.code));
  const health = said !== null || counts ? 'UNHEALTHY' : rows === null ? 'UNKNOWN' : 'WELL';
  return {
    ...{ id, clusterId, name, kind, origin, health, checkedAt },
    location: withoutKeys(location),
    isReadOnly: row?.isReadOnly ?? readOnly,
    isReachedDirectly: access !== null,
    starRocksError: said === null ? null : withoutKeys(said),
    problem: problem === null ? null : { ...problem, message: withoutKeys(problem.message) },
    usedBytes: repository.usedBytes,
    freeBytes: repository.freeBytes,
  };
}

function seeUnmanaged(row: RepositoryRow, clusterId: string): SeenRepository {
  const { name, location, isReadOnly } = row;
  const said = whyNotMounted(row, { name, location })?.message ?? null;
  return {
    ...{ id: idOfUnmanaged(clusterId, name), clusterId, name, isReadOnly, origin: 'UNMANAGED' },
    location: withoutKeys(location),
    kind: parseLocation(location)?.kind ?? 'OTHER',
    isReachedDirectly: false,
    health: said === null ? 'WELL' : 'UNHEALTHY',
    starRocksError: said === null ? null : withoutKeys(said),
    ...{ problem: null, checkedAt: null, usedBytes: null, freeBytes: null },
  };
}

/** The id of a repository that no row of ours stands for. */
function idOfUnmanaged(clusterId: string, name: string): string {
  return `rpy_${clusterId}_${name}`;
}

/** What such an id says; null = it is the id of a row, or none. StarRocks checks names of repositories. */
export function readIdOfUnmanaged(id: string): { readonly clusterId: string; readonly name: string } | null {
  const [, clusterId, name] = /^rpy_(clu_[0-9A-Z]{26})_(\w{1,64})$/.exec(id) ?? [];
  return clusterId === undefined || name === undefined ? null : { clusterId, name };
}
