import type { Reading } from '../adapters/reading.ts';
import { factsOfNodes } from '../adapters/starrocks/facts-of-nodes.ts';
import type { SqlTarget } from '../adapters/starrocks/port.ts';
import { readSilentPorts, type SilentPort } from '../adapters/starrocks/read-greetings.ts';
import { problemsIn, readTopology, type Topology, toObservedNodes } from '../adapters/starrocks/read-topology.ts';
import { showDatabases, versionComment } from '../adapters/starrocks/statements.ts';
import type { Repository } from '../domain/backup/repository.ts';
import type { BackupWatch } from '../domain/backup/watch.ts';
import type { ClusterNode, ObservedNode, StoppedNode } from '../domain/cluster.ts';
import type { Counters } from '../domain/metrics/counters.ts';
import { type FactAnswers, mergeFacts } from '../domain/metrics/facts.ts';
import { findSameNode, nodeLabel } from '../domain/node-identity.ts';
import type { OwnWork } from '../domain/own-work.ts';
import type { NodeProbe } from '../domain/probe.ts';
import { findLeader, isElectable, majorityOf } from '../domain/quorum.ts';
import { isSystemDatabase } from '../domain/system-databases.ts';
import { AppError } from '../errors.ts';
import { askNode, measure, type NodeAnswer, type WatchedMetrics } from './read-metrics.ts';
import { readRepositories, type WatchedRepositories } from './read-repositories.ts';
import { readSnapshots, type WatchedSnapshots } from './read-snapshots.ts';

/** What a probe needs of a reading; its signal fires when the program stops. */
export type ProbeReading = Pick<Reading, 'sql' | 'objects' | 'shell' | 'now' | 'signal'> & {
  readonly http: Pick<Reading['http'], 'health' | 'scrape'>;
};

export type PartsRequest = {
  readonly stopped: readonly StoppedNode[];
  /** Where the cluster was said to answer SQL when it was registered. */
  readonly seeds: SqlTarget['frontends'];
  /** The nodes as they were last seen; a new node is asked over HTTP at the next probe. */
  readonly known: readonly ClusterNode[];
  readonly before: readonly NodeProbe[];
  /** What is stored about backups by policy; null = there is no policy, and the cluster is not asked for its databases. */
  readonly watch: BackupWatch | null;
  /** Where its data lives, as the inventory has it; only a shared-data cluster is asked for its snapshots. */
  readonly runMode: string | null;
  /** The repositories under management, as they are stored. */
  readonly repositories: readonly Repository[];
  /** What the metrics of this look need: the counters of the one before, and what was asked at a slower pace. */
  readonly metrics: { readonly counters: Counters; readonly facts: FactAnswers };
  /** What is stored of Starwarden's own work on the cluster. */
  readonly own: OwnWork & { readonly everyMs: number };
  /** Of what is stored, the parts that could not be read: what stands here in their place says nothing. */
  readonly unread?: readonly PartName[];
  /** Told of a fault of ours in measuring: the rest of the look is worth as much without the numbers. */
  readonly failed: (error: unknown) => void;
  /** The pace of looks. */
  readonly everyMs: number;
  /** The time limit for all parts together. */
  readonly timeoutMs: number;
};

/** What a probe read, and the counters that the next one needs of it. */
export type Read = { readonly parts: Parts<ObservedNode>; readonly counters: Counters };

/**
 * What one probe of a cluster read. Each part is read once, however many rules want it, and says whether it was seen. A
 * new part is a key here and a reader.
 */
export type Parts<N extends ObservedNode = ClusterNode> = {
  /** What the frontends show of the nodes. */
  readonly topology:
    | {
        readonly isSeen: true;
        readonly nodes: readonly N[];
        readonly leader: string | null;
        /** What is wrong with the list of nodes itself, as sentences. */
        readonly problems: readonly string[];
      }
    | {
        readonly isSeen: false;
        readonly failure: AppError;
        /** A frontend accepts the login and answers what it knows itself; only a leader is missing. */
        readonly isAnswering: boolean;
      };
  /** What every node says about its health over HTTP. A node that does not answer is part of what was seen. */
  readonly health: { readonly isSeen: true; readonly probes: readonly NodeProbe[] };
  /** The backups by policy, as they are stored, and the databases that the cluster has; null = it has no policy. */
  readonly backups: WatchedBackups | null;
  /** What a shared-data cluster says of its automated snapshots; null = this cluster can have none. */
  readonly clusterSnapshots: WatchedSnapshots | null;
  /** The repositories under management; null = there is none. */
  readonly repositories: WatchedRepositories | null;
  /** Nodes that were stopped on purpose, as it is stored. */
  readonly stopped: WatchedStops;
  /**
   * Frontends whose query port accepts connections and sends no greeting: those that the cluster shows as alive were asked,
   * and the addresses that were given for the cluster. Null = nobody was asked, or the time of the probe was over.
   */
  readonly silentPorts: readonly SilentPort[] | null;
  /** The numbers of all nodes, and what could not be measured. Null = nothing was measured. */
  readonly metrics: WatchedMetrics | null;
  /** Starwarden's own work on the cluster, as it is stored. */
  readonly own: PartsRequest['own'];
  /** Parts of what is stored that could not be read. Rules about them judge nothing. */
  readonly unread?: readonly PartName[];
};

/** What rules may read of a probe. */
export type PartName = Exclude<keyof Parts, 'unread'>;

export type WatchedStops = {
  readonly nodes: readonly StoppedNode[];
  /** Nodes that are said to be stopped and answer well over HTTP: somebody has started them since, by hand or by a reboot. */
  readonly contradicted: readonly StoppedNode[];
  /** So many frontends are among them that none can lead: nothing else has to be wrong when nobody answers. */
  readonly explainsSilence: boolean;
};

/**
 * What follows from what is stored about nodes that were stopped on purpose; `answering` = those that answer well over
 * HTTP now, asked after that was stored. One that answers is not stopped, whatever is stored and whatever the cluster says
 * of it: its troubles, and those of a cluster that has such nodes and does not answer, are real. Pure.
 */
export function watchStops(
  known: readonly ClusterNode[],
  stored: readonly StoppedNode[],
  answering: readonly ClusterNode[],
): WatchedStops {
  const isContradicted = ({ nodeId }: StoppedNode) => answering.some(({ id }) => id === nodeId);
  const nodes = stored.filter((node) => !isContradicted(node));
  const isStopped = ({ id }: ClusterNode) => nodes.some(({ nodeId }) => nodeId === id);
  const voters = known.filter(isElectable);
  const left = voters.filter((node) => !isStopped(node)).length;
  const explainsSilence = voters.length > 0 && left < majorityOf(voters.length);
  return { nodes, contradicted: stored.filter(isContradicted), explainsSilence };
}

export type WatchedBackups = BackupWatch & {
  /** By name, without those of StarRocks itself; null = the cluster did not tell. */
  readonly standing: readonly string[] | null;
};

/**
 * Asks the cluster for its nodes, and at the same time every node for its health. A failure of the cluster is something
 * seen. An error that is thrown is a failure of our own (the store behind `sql`), from which nothing follows about the
 * cluster. Null = we were told to stop meanwhile, so nothing is known.
 */
export async function readParts(reading: ProbeReading, request: PartsRequest): Promise<Read | null> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = AbortSignal.any([reading.signal, deadline]);
  const [topology, answers, standing, repositories] = await Promise.all([
    readNodes(reading.sql, { signal, timeoutMs: request.timeoutMs }),
    Promise.all(request.known.map((node) => askNode(reading.http, node, { signal, now: reading.now }))),
    request.watch === null ? null : readDatabases(reading.sql, { signal, timeoutMs: request.timeoutMs }),
    readRepositories(reading, request.repositories, { signal, timeoutMs: request.timeoutMs }),
  ]);
  const answering = request.known.filter((node, index) => node.httpPort !== null && isWell(answers[index]));
  const stopped = watchStops(request.known, request.stopped, answering);
  const backups = request.watch === null ? null : { ...request.watch, standing };
  if (reading.signal.aborted) return null;
  const told = new Map(request.known.map((node, index) => [nodeLabel(node), answers[index]]));
  const toProbe = (node: ObservedNode, alive: boolean | null): NodeProbe => {
    const before = findSameNode(request.before, node);
    const answer = told.get(nodeLabel(node));
    const { kind, host, port } = node;
    if (answer?.isAsked === false && before !== undefined) return { ...before, alive };
    const httpProblem = answer?.problem ?? null;
    if (httpProblem === null) return { kind, host, port, alive, httpProblem, httpFailures: 0, silentSince: null };
    return {
      kind,
      host,
      port,
      alive,
      httpProblem,
      httpFailures: (before?.httpFailures ?? 0) + 1,
      silentSince: before?.silentSince ?? reading.now(),
    };
  };
  if (topology instanceof AppError) {
    const failure =
      deadline.aborted && topology.code === 'CANCELED' ? tookTooLong(request.timeoutMs, topology) : topology;
    const isAnswering = await answersItself(reading.sql, { failure, signal });
    if (reading.signal.aborted) return null;
    const { metrics, counters } = measureAll(request, {
      answers,
      nodes: [],
      topology: null,
      leader: null,
      at: reading.now(),
    });
    const parts: Parts<ObservedNode> = {
      topology: { isSeen: false, failure, isAnswering },
      health: { isSeen: true, probes: request.known.map((node) => toProbe(node, null)) },
      backups,
      clusterSnapshots: request.runMode === 'shared_data' ? { isSeen: false, why: failure.message } : null,
      repositories,
      stopped,
      silentPorts: null,
      metrics,
      own: request.own,
      unread: request.unread ?? [],
    };
    return { parts, counters };
  }
  const nodes = toObservedNodes(topology);
  const leader = findLeader(nodes);
  const silentPorts = await readSilentPorts(reading.sql, portsToAsk(nodes, request.seeds), {
    signal,
    timeoutMs: greetingTimeoutMs,
  });
  const label = leader === undefined ? null : nodeLabel(leader);
  const { metrics, counters } = measureAll(request, { answers, nodes, topology, leader: label, at: reading.now() });
  const parts: Parts<ObservedNode> = {
    topology: {
      isSeen: true,
      nodes,
      leader: label,
      problems: problemsIn(topology),
    },
    health: { isSeen: true, probes: nodes.map((node) => toProbe(node, node.alive)) },
    backups,
    clusterSnapshots: await readSnapshots(
      reading,
      { nodes, runMode: request.runMode },
      { signal, timeoutMs: request.timeoutMs },
    ),
    repositories,
    stopped,
    silentPorts: signal.aborted ? null : silentPorts,
    metrics,
    own: request.own,
    unread: request.unread ?? [],
  };
  return { parts, counters };
}

function isWell(answer: NodeAnswer | undefined): boolean {
  return answer?.isAsked === true && answer.problem === null;
}

type Seen = {
  /** In the order of the known nodes. */
  readonly answers: readonly NodeAnswer[];
  readonly nodes: readonly ObservedNode[];
  readonly topology: Topology | null;
  readonly leader: string | null;
  readonly at: Date;
};

type Measured = { readonly metrics: WatchedMetrics | null; readonly counters: Counters };

function measureAll(request: PartsRequest, seen: Seen): Measured {
  try {
    return measureSeen(request, seen);
  } catch (error) {
    request.failed(error);
    return { metrics: null, counters: request.metrics.counters };
  }
}

function measureSeen({ known, metrics: before, everyMs }: PartsRequest, seen: Seen): Measured {
  const { answers, nodes, topology, leader, at } = seen;
  const idOf = (node: Pick<ObservedNode, 'kind' | 'host' | 'port'>) => findSameNode(known, node)?.id ?? null;
  const facts = topology === null ? before.facts : mergeFacts(before.facts, factsOfNodes({ ...topology, idOf, at }));
  return measure({
    ...{ known, leader, facts, at, everyMs, before: before.counters },
    answers: new Map(known.flatMap(({ id }, index) => (answers[index] === undefined ? [] : [[id, answers[index]]]))),
    alive: new Map(nodes.map((node) => [nodeLabel(node), node.alive])),
  });
}

/** Longer than a login may take, so that its failure comes first and says what was wrong. */
const greetingTimeoutMs = 5_000;

/** A frontend that the cluster shows as down has an alert already. An address is asked once. */
function portsToAsk(nodes: readonly ObservedNode[], seeds: SqlTarget['frontends']): SqlTarget['frontends'] {
  const frontends = nodes.flatMap(({ kind, host, queryPort, alive }) =>
    kind === 'FRONTEND' && queryPort !== null ? [{ host, port: queryPort, alive }] : [],
  );
  const isOther = ({ host, port }: SqlTarget['frontends'][number]) =>
    !frontends.some((each) => each.host === host && each.port === port);
  return [...frontends.filter(({ alive }) => alive), ...seeds.filter(isOther)].map(({ host, port }) => ({
    host,
    port,
  }));
}

async function readNodes(
  sql: Reading['sql'],
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<Topology | AppError> {
  try {
    return await readTopology(sql, call);
  } catch (error) {
    if (error instanceof AppError && error.code !== 'STORE_UNAVAILABLE') return error;
    throw error;
  }
}

/** Null = the cluster did not tell. */
async function readDatabases(
  sql: Reading['sql'],
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<readonly string[] | null> {
  try {
    const rows = await sql.query(showDatabases(), call);
    return rows.map((row) => Object.values(row)[0] ?? '').filter((name) => !isSystemDatabase(name));
  } catch (error) {
    if (error instanceof AppError && error.code !== 'STORE_UNAVAILABLE') return null;
    throw error;
  }
}

const answerTimeoutMs = 2_000;

/**
 * A frontend without a majority still answers what needs no leader. Asked only when the nodes could not be read, so that
 * an alert does not say that nobody answers when somebody does.
 */
async function answersItself(
  sql: Reading['sql'],
  { failure, signal }: { failure: AppError; signal: AbortSignal },
): Promise<boolean> {
  if (failure.code !== 'SQL_UNREACHABLE' || signal.aborted) return false;
  try {
    await sql.query(versionComment(), { signal, timeoutMs: answerTimeoutMs });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code !== 'STORE_UNAVAILABLE') return false;
    throw error;
  }
}

function tookTooLong(timeoutMs: number, cause: AppError): AppError {
  return new AppError('TIMEOUT', `No frontend answered within ${timeoutMs} ms`, { retryable: true, cause });
}
