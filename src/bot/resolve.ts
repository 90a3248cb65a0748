import { type Actor, can } from '../domain/access.ts';
import type { Alert } from '../domain/alert.ts';
import { type Cluster, labelAsMeant, nodeLabel } from '../domain/cluster.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Run } from '../domain/run.ts';
import { AppError } from '../errors.ts';
import { findAlertByNumber } from '../store/alerts/alerts.ts';
import type { Database } from '../store/database.ts';
import { findApprovalByNumber } from '../store/runs/approvals.ts';
import { findRun, findRunByNumber } from '../store/runs/runs.ts';
import { findNodeByWord, listVisibleClusters } from '../store/slack/slack-reads.ts';
import { closest } from './commands/closest.ts';
import type { Reference } from './commands/operation-command.ts';

/**
 * The cluster of that name. `exact` for everything that changes something; reading may name a unique beginning.
 * Suggests only names that the actor may see. Throws `NOT_FOUND`.
 */
export async function findClusterByWord(
  db: Database,
  actor: Actor,
  word: string,
  { exact }: { exact: boolean },
): Promise<Cluster> {
  const clusters = await listVisibleClusters(db, actor);
  const wanted = labelAsMeant(word);
  const named = clusters.find((cluster) => cluster.name === wanted);
  if (named !== undefined) return named;
  const beginning = exact ? [] : clusters.filter((cluster) => cluster.name.startsWith(wanted));
  const [only, second] = beginning;
  if (only !== undefined && second === undefined) return only;
  const names = (beginning.length > 0 ? beginning : clusters).map((cluster) => cluster.name);
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

/** Puts ids where names were typed. */
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
  if (cluster === null) throw new AppError('INVALID_INPUT', 'A node can only be named together with its cluster');
  const found = await findNodeByWord(db, cluster.id, word);
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

/** `R-12` or `12`, or the approval `P-5` of a run. Throws `NOT_FOUND` also for a run that the actor may not see. */
export async function findRunByWord(db: Database, actor: Actor, word: string): Promise<Run> {
  const match = /^(?:([rp])-?)?(\d{1,15})$/i.exec(word);
  const number = Number(match?.[2] ?? 0);
  const run =
    match === null
      ? null
      : match[1]?.toLowerCase() === 'p'
        ? await runOfApproval(db, number)
        : await findRunByNumber(db, number);
  if (run !== null && can(actor, 'cluster:read', { clusterId: run.clusterId, environment: run.environment }))
    return run;
  throw new AppError('NOT_FOUND', `There is no run ${word}`, {
    hint: 'Runs are called R-12, approvals P-5; /sr runs lists them.',
  });
}

async function runOfApproval(db: Database, number: number): Promise<Run | null> {
  const approval = await findApprovalByNumber(db, number);
  return approval === null ? null : findRun(db, approval.runId);
}

/** `A-7` or `7`. Throws `NOT_FOUND` also for an alert that the actor may not see. */
export async function findAlertByWord(db: Database, actor: Actor, word: string): Promise<Alert> {
  const match = /^(?:a-?)?(\d{1,15})$/i.exec(word);
  const alert = match === null ? null : await findAlertByNumber(db, Number(match[1]));
  if (alert !== null && can(actor, 'cluster:read', { clusterId: alert.clusterId, environment: alert.environment }))
    return alert;
  throw new AppError('NOT_FOUND', `There is no alert ${word}`, {
    hint: 'Alerts are called A-7; /sr alerts lists them.',
  });
}
