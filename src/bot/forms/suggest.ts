import { type Actor, can } from '../../domain/access.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import type { AnyOperation } from '../../operations/define.ts';
import type { InputField, InputType, ReferenceKind } from '../../operations/input/input-field.ts';
import type { Database } from '../../store/database.ts';
import { listBackups } from '../../store/reads/backups.ts';
import {
  findVisibleCluster,
  listClusters,
  nodesOfClusters,
  removedNodesOfClusters,
} from '../../store/reads/clusters.ts';
import { listPolicies } from '../../store/reads/policies.ts';
import { readableBy } from '../resolve.ts';
import { plain } from '../views/text.ts';
import { wayTo } from './form-path.ts';
import { type FormState, readForm } from './read-form.ts';

type Option = { readonly text: { readonly type: 'plain_text'; readonly text: string }; readonly value: string };

type Asked = {
  readonly operation: AnyOperation;
  /** The `block_id` of the menu. */
  readonly way: string;
  /** What was typed into the menu so far. */
  readonly typed: string;
  /** What is filled in so far; the cluster that is chosen there is the one whose rows are offered. */
  readonly state: FormState;
};

/** Slack shows no more. */
const mostOptions = 100;

/**
 * What a menu of an operation's form offers, from what is stored: rows that the person may see, of clusters on which they
 * may do what the form asks for. Empty where nothing fits, and where the cluster was not chosen yet.
 */
export async function suggest(db: Database, actor: Actor, asked: Asked): Promise<readonly Option[]> {
  const { operation, way, typed, state } = asked;
  const kind = kindAt(operation.fields, way.split('.'));
  if (kind === null) return [];
  const mayAct = ({ id, environment }: Cluster) => can(actor, operation.permission, { clusterId: id, environment });
  const wanted = typed.trim().toLowerCase();
  const visibility = readableBy(actor);
  if (kind === 'cluster') {
    const filter = wanted === '' ? {} : { nameContains: wanted };
    const page = { limit: mostOptions, after: null, before: null, backward: false };
    const clusters = await listClusters(db, { visibility, filter, page });
    return clusters.filter(mayAct).map(({ id, name }) => option(id, name));
  }
  const { clusterId } = readForm(operation.fields, state);
  const cluster = typeof clusterId === 'string' ? await findVisibleCluster(db, { visibility, id: clusterId }) : null;
  if (cluster === null || !mayAct(cluster)) return [];
  const rows = await rowsOf(db, kind, { actor, cluster });
  return rows.filter(({ text }) => text.text.toLowerCase().includes(wanted)).slice(0, mostOptions);
}

async function rowsOf(
  db: Database,
  kind: Exclude<ReferenceKind, 'cluster'>,
  { actor, cluster }: { actor: Actor; cluster: Cluster },
): Promise<readonly Option[]> {
  const visibility = readableBy(actor);
  switch (kind) {
    case 'node':
      return (await nodesOfClusters(db, [cluster.id])).map((node) => option(node.id, nodeLabel(node)));
    case 'removedNode':
      return (await removedNodesOfClusters(db, [cluster.id])).map((node) =>
        option(node.id, `${nodeLabel(node)}, left ${node.removedAt.toISOString().slice(0, 16)}Z`),
      );
    case 'backup': {
      const page = { limit: 1_000, after: null, before: null, backward: false };
      const backups = await listBackups(db, { visibility, filter: { clusterId: cluster.id }, page });
      return backups
        .filter(({ state }) => state !== 'DELETED')
        .map(({ id, snapshot, database }) => option(id, `${database}: ${snapshot ?? id}`));
    }
    case 'policy':
      return (await listPolicies(db, { visibility, clusterId: cluster.id })).map(({ id, name }) => option(id, name));
    default:
      return kind satisfies never;
  }
}

/** What the menu at this place of the form chooses among; null = there is no such menu. */
export function kindAt(fields: readonly InputField[], path: readonly string[]): ReferenceKind | null {
  const [name, ...rest] = path;
  const type = fields.find((field) => field.name === name && !field.secret)?.type;
  return type === undefined ? null : kindIn(type, rest);
}

function kindIn(type: InputType, path: readonly string[]): ReferenceKind | null {
  if (type.kind === 'list') return kindIn(type.of, type.of.kind === 'object' ? path.slice(1) : path);
  if (type.kind === 'object') return kindAt(type.fields, path);
  return type.kind === 'id' && path.length === 0 ? type.of : null;
}

/** Every menu of a form that needs rows, by its `block_id`; an item of a list has any index. */
export function menusOf(fields: readonly InputField[], before: readonly string[] = []): readonly string[] {
  return fields.flatMap(({ name, type, secret }) => {
    const path = [...before, name];
    if (secret) return [];
    if (type.kind === 'object') return menusOf(type.fields, path);
    if (type.kind === 'list' && type.of.kind === 'object') return menusOf(type.of.fields, [...path, '0']);
    return kindIn(type, []) === null ? [] : [wayTo(path)];
  });
}

function option(value: string, text: string): Option {
  return { value, text: { type: 'plain_text', text: plain(text, 75) } };
}
