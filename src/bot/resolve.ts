import type { Actor } from '../domain/access.ts';
import type { Alert } from '../domain/alert.ts';
import { keptInWords } from '../domain/alert-retention.ts';
import type { Backup } from '../domain/backup/backup.ts';
import type { BackupPolicy } from '../domain/backup/policy.ts';
import { type Cluster, type ClusterNode, labelAsMeant, type RemovedNode } from '../domain/cluster.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { namesOfNode, nodeLabel } from '../domain/node-identity.ts';
import type { Run } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { findVisibleAlert } from '../store/reads/alerts.ts';
import { findVisibleBackups, findVisibleBackupsBySnapshot } from '../store/reads/backups.ts';
import {
  findVisibleClusterByName,
  listClusterNames,
  nodesOfClusters,
  removedNodesOfClusters,
} from '../store/reads/clusters.ts';
import { listPolicies } from '../store/reads/policies.ts';
import { findVisibleRunByNumber, findVisibleRunOfApproval } from '../store/reads/runs.ts';
import { type Visibility, visibilityOf } from '../store/reads/visibility.ts';
import { closest } from './commands/closest.ts';
import type { Reference } from './commands/operation-command.ts';

/** What a person may see; the same as in the API. */
export function readableBy(actor: Actor): Visibility {
  return visibilityOf(actor, 'cluster:read');
}

/**
 * The cluster of that name. `exact` is for everything that changes something; a read may use the beginning of a name if
 * it is unique. Suggests only names that the actor may see. Throws `NOT_FOUND`.
 */
export async function findClusterByWord(
  db: Database,
  actor: Actor,
  word: string,
  { exact }: { exact: boolean },
): Promise<Cluster> {
  const visibility = readableBy(actor);
  const wanted = labelAsMeant(word);
  const named = await findVisibleClusterByName(db, { visibility, name: wanted });
  if (named !== null) return named;
  const all = await listClusterNames(db, visibility);
  const beginning = exact ? [] : all.filter((name) => name.startsWith(wanted));
  const [only, second] = beginning;
  const begun =
    only !== undefined && second === undefined ? await findVisibleClusterByName(db, { visibility, name: only }) : null;
  if (begun !== null) return begun;
  const names = beginning.length > 0 ? beginning : all;
  const meant = closest(wanted, names);
  throw new AppError(
    'NOT_FOUND',
    beginning.length > 1 ? `More than one cluster begins with ${word}` : `There is no cluster ${word}`,
    {
      hint:
        meant === null
          ? `There is: ${names.slice(0, 20).join(', ') || 'none that you may see'}.`
          : `Did you mean ${meant}?`,
    },
  );
}

/** Replaces typed names by ids. */
export async function resolveReferences(
  db: Database,
  actor: Actor,
  read: { input: JsonObject; references: readonly Reference[] },
): Promise<{ input: JsonObject; cluster: Cluster | null }> {
  const clusterWord = read.references.find((reference) => reference.kind === 'cluster');
  const cluster =
    clusterWord === undefined ? null : await findClusterByWord(db, actor, clusterWord.words[0] ?? '', { exact: true });
  const ids: Record<string, Json> = {};
  for (const reference of read.references) {
    const found = await Promise.all(reference.words.map((word) => resolveOne(db, { actor, cluster, reference, word })));
    ids[reference.field] = reference.isList ? found : (found[0] ?? null);
  }
  return { input: { ...read.input, ...ids }, cluster };
}

async function resolveOne(
  db: Database,
  { actor, cluster, reference, word }: { actor: Actor; cluster: Cluster | null; reference: Reference; word: string },
): Promise<string> {
  if (reference.kind === 'cluster') return (await findClusterByWord(db, actor, word, { exact: true })).id;
  if (cluster === null)
    throw new AppError('INVALID_INPUT', `A ${reference.kind} can only be named together with its cluster`);
  if (reference.kind === 'backup') return (await findBackupByWord(db, { actor, cluster, word })).id;
  if (reference.kind === 'policy') return (await findPolicyByWord(db, { actor, cluster, word })).id;
  if (reference.kind === 'removedNode') return (await findRemovedByWord(db, { cluster, word })).id;
  const found = nodeByWord(await nodesOfClusters(db, [cluster.id]), word);
  if ('node' in found) return found.node.id;
  const labels = found.candidates.map(nodeLabel);
  const meant = closest(word, [...labels, ...labels.map((label) => label.slice(3))]);
  const problem = found.isAmbiguous ? 'more than one node' : 'no node';
  throw new AppError('NOT_FOUND', `${cluster.name} has ${problem} called ${word}`, {
    hint:
      meant === null || found.isAmbiguous
        ? `Its nodes: ${labels.slice(0, 30).join(', ') || 'none known'}.`
        : `Did you mean ${meant}?`,
  });
}

/**
 * The node of a cluster that a person means by `be 10.0.0.11:9050`, an address, a host and port, or an id. Only exact
 * matches: the typed text decides which node is stopped.
 */
export function nodeByWord(
  nodes: readonly ClusterNode[],
  word: string,
): { node: ClusterNode } | { candidates: readonly ClusterNode[]; isAmbiguous: boolean } {
  const wanted = word.trim().replace(/\s+/g, ' ').toLowerCase();
  const matching = nodes.filter((node) => namesOfNode(node).some((name) => name.toLowerCase() === wanted));
  const [only, second] = matching;
  if (only !== undefined && second === undefined) return { node: only };
  const isAmbiguous = matching.length > 0;
  return { candidates: isAmbiguous ? matching : nodes, isAmbiguous };
}

/**
 * The node that has left the cluster and whose data is still there, by its label, its address or its id. One that left
 * several times has several records, and has to be named by an id. Throws `NOT_FOUND`.
 */
async function findRemovedByWord(
  db: Database,
  { cluster, word }: { cluster: Cluster; word: string },
): Promise<RemovedNode> {
  const removed = await removedNodesOfClusters(db, [cluster.id]);
  const wanted = word.trim().replace(/\s+/g, ' ').toLowerCase();
  const found = removed.filter((node) => namesOfNode(node).some((name) => name.toLowerCase() === wanted));
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const inList = (nodes: readonly RemovedNode[]) =>
    nodes
      .slice(0, 30)
      .map((node) => `${nodeLabel(node)} (${node.id})`)
      .join(', ');
  throw new AppError(
    'NOT_FOUND',
    second === undefined
      ? `No node called ${word} has left ${cluster.name} with its data still there`
      : `More than one node called ${word} has left ${cluster.name}`,
    {
      hint:
        second === undefined
          ? `There is: ${inList(removed) || 'none'}.`
          : `Name it by its id, the newest first: ${inList(found)}.`,
    },
  );
}

/** The backup of a cluster whose snapshot has this name, or with this id. Throws `NOT_FOUND`. */
async function findBackupByWord(
  db: Database,
  { actor, cluster, word }: { actor: Actor; cluster: Cluster; word: string },
): Promise<Backup> {
  const visibility = readableBy(actor);
  const named = await findVisibleBackupsBySnapshot(db, { visibility, clusterId: cluster.id, snapshot: word });
  const found = named.length > 0 ? named : await findVisibleBackups(db, { visibility, ids: [word] });
  const [only, second] = found.filter(({ clusterId }) => clusterId === cluster.id);
  if (only !== undefined && second === undefined) return only;
  const several = named.map(({ id, repository }) => `${id} in ${repository}`).join(', ');
  throw new AppError(
    'NOT_FOUND',
    `${cluster.name} has ${second === undefined ? 'no backup' : 'more than one backup'} called ${word}`,
    {
      hint:
        second === undefined
          ? `A backup is called by its snapshot; /sr backups ${cluster.name} lists them.`
          : `Name it by its id: ${several}.`,
    },
  );
}

/** The backup policy of a cluster with this name, or with this id. Throws `NOT_FOUND`. */
export async function findPolicyByWord(
  db: Database,
  { actor, cluster, word }: { actor: Actor; cluster: Cluster; word: string },
): Promise<BackupPolicy> {
  const policies = await listPolicies(db, { visibility: readableBy(actor), clusterId: cluster.id });
  const found = policies.find(({ id, name }) => name === word.toLowerCase() || id === word);
  if (found !== undefined) return found;
  const names = policies.map(({ name }) => name);
  const meant = closest(word, names);
  throw new AppError('NOT_FOUND', `${cluster.name} has no backup policy ${word}`, {
    hint: meant === null ? `There is: ${names.slice(0, 20).join(', ') || 'none yet'}.` : `Did you mean ${meant}?`,
  });
}

/** `R-12` or `12`, or the approval `P-5` of a run. Throws `NOT_FOUND` also for a run that the actor may not see. */
export async function findRunByWord(db: Database, actor: Actor, word: string): Promise<Run> {
  const [, prefix = '', digits] = /^(?:([rp])-?)?(\d{1,15})$/i.exec(word) ?? [];
  const find = prefix.toLowerCase() === 'p' ? findVisibleRunOfApproval : findVisibleRunByNumber;
  const run = digits === undefined ? null : await find(db, { visibility: readableBy(actor), number: Number(digits) });
  if (run !== null) return run;
  throw new AppError('NOT_FOUND', `There is no run ${word}`, {
    hint: 'Runs are called R-12, approvals P-5; /sr runs lists them.',
  });
}

/** `A-7` or `7`. Throws `NOT_FOUND` also for an alert that the actor may not see. */
export async function findAlertByWord(db: Database, actor: Actor, word: string): Promise<Alert> {
  const [, digits] = /^(?:a-?)?(\d{1,15})$/i.exec(word) ?? [];
  const alert =
    digits === undefined ? null : await findVisibleAlert(db, { visibility: readableBy(actor), number: Number(digits) });
  if (alert !== null) return alert;
  throw new AppError('NOT_FOUND', `There is no alert ${word}`, {
    hint: `Alerts are called A-7; /sr alerts lists them. ${keptInWords}`,
  });
}
