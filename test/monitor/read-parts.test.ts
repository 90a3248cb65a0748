import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { SqlReader } from '../../src/adapters/starrocks/port.ts';
import type { ClusterNode, ObservedNode } from '../../src/domain/cluster.ts';
import { AppError } from '../../src/errors.ts';
import { type Parts, type Read, readParts } from '../../src/monitor/read-parts.ts';
import { type PaperCluster, paperCluster, portsOf, unreachable } from './paper-cluster.ts';
import { calm, node } from './rules/builders.ts';

const now = new Date('2026-03-01T12:00:00Z');

function known(node: ObservedNode): ClusterNode {
  const place = { hostId: null, deployDir: null, unit: null };
  return { ...node, ...place, id: `nod_${node.host}`, clusterId: 'clu_1', observedAt: now };
}

async function knownNodes(cluster: PaperCluster): Promise<ClusterNode[]> {
  const { topology } = seen(await look(cluster, { known: [] }));
  if (!topology.isSeen) throw new Error('the cluster was not seen');
  return topology.nodes.map(known);
}

function seen(found: Parts<ObservedNode> | null): Parts<ObservedNode> {
  if (found === null) throw new Error('the look was broken off');
  return found;
}

async function look(...args: Parameters<typeof readAll>): Promise<Parts<ObservedNode> | null> {
  return (await readAll(...args))?.parts ?? null;
}

async function readAll(
  cluster: PaperCluster,
  changes: Partial<Parameters<typeof readParts>[1]> = {},
  reading: Partial<Parameters<typeof readParts>[0]> = {},
): Promise<Read | null> {
  const request = {
    known: [],
    seeds: [],
    stopped: [],
    before: [],
    watch: null,
    runMode: null,
    repositories: [],
    metrics: { counters: {}, facts: {} },
    own: calm,
    everyMs: 15_000,
    timeoutMs: 5_000,
  };
  const { signal } = new AbortController();
  const ports = { ...portsOf(cluster), signal, now: () => now, ...reading };
  const failed = (error: unknown) => {
    throw error;
  };
  return readParts(ports, { ...request, failed, ...changes });
}

describe('a probe of a cluster', () => {
  it('finds its nodes and its leader', async () => {
    const cluster = paperCluster();
    cluster.computeNodes = [{ host: '10.0.0.21', alive: true }];
    const finding = await look(cluster);
    expect(finding).toMatchObject({ topology: { isSeen: true, leader: 'fe 10.0.0.1:9010' } });
    expect(finding).toHaveProperty('topology.nodes.length', 7);
  });

  it('does not take a dead frontend for the leader', async () => {
    const cluster = paperCluster();
    cluster.frontends[0] = { host: '10.0.0.1', alive: false };
    expect(await look(cluster, { timeoutMs: 900 })).toMatchObject({ topology: { isSeen: true, leader: null } });
  });

  it('tells a frontend that is left without a leader from one that does not answer', async () => {
    const cluster = paperCluster();
    cluster.failure = new AppError('SQL_UNREACHABLE', 'the leader cannot be reached', { retryable: true });
    const { sql } = portsOf(cluster);
    const leaderless: SqlReader = {
      query: async (statement, call) =>
        statement.name === 'version-comment' ? [{ version_comment: '3.5.0-37c7c51' }] : sql.query(statement, call),
    };
    const found = await look(cluster, {}, { sql: leaderless });
    expect(found).toMatchObject({ topology: { isSeen: false, isAnswering: true } });
    expect(await look(cluster)).toMatchObject({ topology: { isSeen: false, isAnswering: false } });
  });

  it('counts how often in a row a node was silent over HTTP, and since when', async () => {
    const cluster = paperCluster();
    cluster.backends[0] = { host: '10.0.0.11', alive: true, httpIsSilent: true };
    const nodes = await knownNodes(cluster);
    const first = seen(await look(cluster, { known: nodes }));
    const later = () => new Date(now.getTime() + 15_000);
    const second = seen(await look(cluster, { known: nodes, before: first.health.probes }, { now: later }));
    const silent = second.health.probes.filter((probe) => probe.httpProblem !== null);
    expect([first.topology.isSeen, second.topology.isSeen]).toEqual([true, true]);
    expect(silent).toMatchObject([{ host: '10.0.0.11', alive: true, httpFailures: 2, silentSince: now }]);
    cluster.backends[0].httpIsSilent = false;
    const third = seen(await look(cluster, { known: nodes, before: second.health.probes }));
    expect(third.topology.isSeen).toBe(true);
    expect(third.health.probes).toMatchObject(nodes.map(() => ({ httpFailures: 0, silentSince: null })));
  });

  it('names each frontend that accepts connections and sends no greeting, also one that the cluster does not have any more', async () => {
    const cluster = paperCluster();
    const seeds = [
      { host: '10.0.0.1', port: 9030 },
      { host: '10.0.0.9', port: 9030 },
    ];
    expect(seen(await look(cluster, { seeds })).silentPorts).toEqual([]);
    cluster.mute = new Set(['10.0.0.2', '10.0.0.3', '10.0.0.9']);
    for (const node of cluster.frontends) node.alive = node.host !== '10.0.0.3';
    const { silentPorts } = seen(await look(cluster, { seeds }));
    expect(silentPorts?.map(({ host, port }) => `${host}:${port}`)).toEqual(['10.0.0.2:9030', '10.0.0.9:9030']);
    expect(silentPorts?.[0]?.why).toContain('accepts the connection and sends no greeting');
    cluster.failure = unreachable();
    expect(seen(await look(cluster, { seeds })).silentPorts).toBeNull();
  });

  it('finds that nobody answers, and still asks the known nodes over HTTP', async () => {
    const cluster = paperCluster();
    const nodes = await knownNodes(cluster);
    cluster.failure = unreachable();
    const { topology, health } = seen(await look(cluster, { known: nodes }));
    expect(topology).toMatchObject({ isSeen: false, failure: { code: 'SQL_UNREACHABLE' } });
    expect(health.probes.map((probe) => [probe.alive, probe.httpProblem])).toEqual(nodes.map(() => [null, null]));
  });

  it('ends when its time is over, and says so', async () => {
    const cluster = { ...paperCluster(), answersAfterMs: 10_000 };
    const finding = await look(cluster, { timeoutMs: 50 });
    expect(finding).toMatchObject({
      topology: {
        isSeen: false,
        failure: { code: 'TIMEOUT', message: 'No frontend answered within 50 ms' },
      },
    });
  });

  it('takes no node for silent, and none for well, that it had no time to ask', async () => {
    const cluster = paperCluster();
    const nodes = await knownNodes(cluster);
    const { http } = portsOf(cluster);
    cluster.backends[0] = { host: '10.0.0.11', alive: true, httpIsSilent: true };
    const first = seen(await look(cluster, { known: nodes }));
    const silent = first.health.probes.find(({ host }) => host === '10.0.0.11');
    expect(silent).toMatchObject({ httpFailures: 1, silentSince: now });
    // As when no place becomes free among those that are asked at the same time.
    const late: typeof http.scrape = async (_node, _order, call) => {
      await once(call?.signal ?? new EventTarget(), 'abort');
      throw new AppError('CANCELED', 'it was canceled');
    };
    const scrape: typeof late = (node, ...rest) => (/1[12]$/.test(node.host) ? late : http.scrape)(node, ...rest);
    const mark = { nodeId: 'nod_10.0.0.12', label: 'be', runId: 'run_1', runNumber: 1, byName: 'kim', at: now };
    const request = { known: nodes, before: first.health.probes, stopped: [mark], timeoutMs: 100 };
    const second = seen(await look(cluster, request, { http: { ...http, scrape } }));
    expect(second.health.probes.find(({ host }) => host === '10.0.0.11')).toEqual(silent);
    expect(second.health.probes.find(({ host }) => host === '10.0.0.12')).toMatchObject({ httpFailures: 0 });
    expect(second.stopped).toMatchObject({ nodes: [mark], contradicted: [] });
  });

  it('knows nothing when the program is told to stop meanwhile', async () => {
    const cluster = { ...paperCluster(), answersAfterMs: 10_000 };
    const stopping = new AbortController();
    const finding = look(cluster, {}, { signal: stopping.signal });
    stopping.abort();
    expect(await finding).toBeNull();
  });

  it.each([
    ['a failure of the driver', new Error('read ECONNRESET')],
    ['a store that is away', new AppError('STORE_UNAVAILABLE', 'MySQL is away', { retryable: true })],
  ])('concludes nothing about the cluster from %s behind the port', async (_name, error) => {
    const sql = { query: () => Promise.reject(error) };
    await expect(look(paperCluster(), {}, { sql })).rejects.toBe(error);
  });

  it('takes a refused login for something seen', async () => {
    const cluster = { ...paperCluster(), failure: new AppError('SQL_AUTH_FAILED', 'wrong password') };
    expect(await look(cluster)).toMatchObject({ topology: { isSeen: false, failure: { code: 'SQL_AUTH_FAILED' } } });
  });

  it('does not take the word of a stop on purpose for a node that answers over HTTP', async () => {
    const cluster = paperCluster();
    const nodes = await knownNodes(cluster);
    const marks = nodes
      .filter(({ kind }) => kind === 'FRONTEND')
      .map(({ id }) => ({ nodeId: id, label: id, runId: 'run_1', runNumber: 1, byName: 'kim', at: now }));
    cluster.frontends = cluster.frontends.map(({ host }) => ({ host, alive: false, httpIsSilent: true }));
    cluster.failure = unreachable();
    const request = { known: nodes, stopped: marks, timeoutMs: 900 };
    expect(seen(await look(cluster, request)).stopped).toEqual({
      nodes: marks,
      contradicted: [],
      explainsSilence: true,
    });
    // Two were started by hand, and still nobody leads: that is an outage, whoever wanted the stop.
    cluster.frontends = cluster.frontends.map((node, index) => ({ ...node, httpIsSilent: index === 0 }));
    expect(seen(await look(cluster, request)).stopped).toEqual({
      nodes: marks.slice(0, 1),
      contradicted: marks.slice(1),
      explainsSilence: false,
    });
  });
});

describe('the numbers of a look', () => {
  const known = [
    node({ kind: 'FRONTEND', id: 'nod_fe', host: '10.0.0.1', port: 9010, httpPort: 8030 }),
    node({ kind: 'BACKEND', id: 'nod_be', host: '10.0.0.11', port: 9050, httpPort: 8040 }),
  ];
  const sample = (name: string, value: number, labels = {}) => ({ name, labels, value });

  it('come from the page of each node, those of the leader from the one that leads, and rates from two looks', async () => {
    const cluster = paperCluster();
    const page = (queries: number) => [
      sample('starrocks_fe_query_total', queries),
      sample('starrocks_fe_max_tablet_compaction_score', 12),
    ];
    cluster.pages.set('10.0.0.1', page(100));
    const first = await readAll(cluster, { known });
    cluster.pages.set('10.0.0.1', page(160));
    const later = () => new Date(now.getTime() + 15_000);
    const second = await readAll(
      cluster,
      { known, metrics: { counters: first?.counters ?? {}, facts: {} } },
      { now: later },
    );
    const valuesOf = (name: string) =>
      second?.parts.metrics?.measurements.filter(({ metric }) => metric === name).map(({ value }) => value);
    expect(valuesOf('queries_per_second')).toEqual([4, 4]);
  });

  it('lack those of a node that is silent, with the reason, and no others', async () => {
    const cluster = paperCluster();
    cluster.pages.set('10.0.0.1', [sample('jvm_heap_size_bytes', 50, { type: 'used' })]);
    cluster.backends[0] = { host: '10.0.0.11', alive: true, httpIsSilent: true };
    const read = await readAll(cluster, { known });
    const unknown = read?.parts.metrics?.unknown.filter(({ subject }) => subject.nodeId === 'nod_be') ?? [];
    expect(unknown.length).toBeGreaterThan(0);
    expect(new Set(unknown.map(({ reason, because }) => `${reason}: ${because}`))).toContain(
      'NODE_SILENT: 10.0.0.11:8040 refused',
    );
    expect(read?.parts.health.probes.find(({ host }) => host === '10.0.0.11')).toMatchObject({ httpFailures: 1 });
  });
});
