import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/domain/metrics/catalogue/index.ts';
import { connectedUsers } from '../../../src/domain/metrics/connected-users.ts';
import type { Counters } from '../../../src/domain/metrics/counters.ts';
import { cutToLimit } from '../../../src/domain/metrics/cut.ts';
import { type Derived, deriveMeasurements, type Look } from '../../../src/domain/metrics/derive.ts';
import type { FactAnswers } from '../../../src/domain/metrics/facts.ts';
import { type MetricSubject, subjectKey } from '../../../src/domain/metrics/measurement.ts';
import type { Metric } from '../../../src/domain/metrics/metric.ts';
import type { MetricNode, Page, PageSample } from '../../../src/domain/metrics/page.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';

const start = new Date('2026-11-27T10:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1_000);

const frontend = (id: string, more: Partial<MetricNode> = {}): MetricNode => ({
  ...{ id, kind: 'FRONTEND', alive: true, version: '3.5.0-37c7c51' },
  ...more,
});
const backend = (id: string, more: Partial<MetricNode> = {}): MetricNode => ({
  ...frontend(id, more),
  kind: 'BACKEND',
});

const sample = (name: string, value: number, labels: Record<string, string> = {}): PageSample => ({
  name,
  labels,
  value,
});
const queries = (total: number, err: number, analysis: number) => [
  sample('starrocks_fe_query_total', total),
  sample('starrocks_fe_query_err', err),
  sample('starrocks_fe_query_analysis_err', analysis),
];

type World = Partial<Omit<Look, 'pages'>> & { pages: Record<string, readonly PageSample[] | string> };

function derive({ pages, ...rest }: World): Derived {
  const asPage = (page: readonly PageSample[] | string): Page =>
    typeof page === 'string' ? { problem: page } : { samples: page };
  return deriveMeasurements({
    ...{ nodes: [], leader: null, before: {}, facts: {}, at: start },
    ...rest,
    pages: new Map(Object.entries(pages).map(([id, page]) => [id, asPage(page)])),
  });
}

/** Two looks, `seconds` apart, of which the second is given back. */
function twoLooks(first: World, second: World, seconds = 10): Derived {
  const { counters } = derive(first);
  return derive({ ...second, before: counters, at: after(seconds) });
}

function found(derived: Derived, metric: string, subject: MetricSubject = {}): number | string | undefined {
  const is = (each: { metric: string; subject: MetricSubject }) =>
    each.metric === metric && subjectKey(each.subject) === subjectKey(subject);
  return derived.measurements.find(is)?.value ?? derived.unknown.find(is)?.reason;
}

const fe1 = { nodes: [frontend('fe1')], leader: 'fe1' };
const at = (id: string) => ({ nodeId: id });

describe('days until a moment', () => {
  const days = (endsAt: Date | null) => {
    const endpoint = 'https://store.example';
    const subject = { endpoint };
    const told =
      endsAt === null
        ? { values: [], unknown: [{ subject, because: 'nobody listens' }] }
        : { values: [{ subject, value: endsAt.getTime() / 1_000 }] };
    const facts: FactAnswers = { certificate_ends_at: { atMs: start.getTime(), ...told } };
    // Looks come between two answers, and time goes on meanwhile.
    const { measurements, unknown } = deriveMeasurements({
      ...{ nodes: [], leader: null, pages: new Map(), before: {}, facts, at: after(1_200) },
    });
    const ours = <T extends { readonly metric: string; readonly subject: MetricSubject }>(all: readonly T[]) =>
      all.filter(({ metric, subject: of }) => metric === 'certificate_days_left' && of.endpoint === endpoint);
    return { value: ours(measurements)[0]?.value, because: ours(unknown)[0]?.because };
  };

  it('are counted from the look, below 0 once it has passed, and unknown where nobody could look', () => {
    expect(days(after(1_200 + 86_400)).value).toBe(1);
    expect(days(after(1_200 - 172_800)).value).toBe(-2);
    expect(days(null)).toEqual({ value: undefined, because: 'nobody listens' });
  });
});

describe('a rate', () => {
  it('is the growth of each second since the look before', () => {
    const looked = twoLooks(
      { ...fe1, pages: { fe1: queries(100, 0, 0) } },
      { ...fe1, pages: { fe1: queries(150, 0, 0) } },
    );
    expect(found(looked, 'queries_per_second', at('fe1'))).toBe(5);
    expect(found(looked, 'queries_per_second')).toBe(5);
  });

  it('is not known at the first look', () => {
    expect(found(derive({ ...fe1, pages: { fe1: queries(100, 0, 0) } }), 'queries_per_second', at('fe1'))).toBe(
      'NO_LOOK_BEFORE',
    );
  });

  it('counts from 0 after a restart, of all counters of the process together', () => {
    // The errors rose beyond what they were: only the total shows that the process is another one.
    const looked = twoLooks(
      { ...fe1, pages: { fe1: queries(1_000, 5, 5) } },
      { ...fe1, pages: { fe1: queries(100, 20, 10) } },
    );
    expect(found(looked, 'queries_per_second', at('fe1'))).toBe(10);
    expect(found(looked, 'query_error_share', at('fe1'))).toBe(0.1);
  });

  it('is not known over more than five looks or less than a second', () => {
    const world = (total: number) => ({ ...fe1, pages: { fe1: queries(total, 0, 0) } });
    expect(found(twoLooks(world(1), world(2), 76), 'queries_per_second')).toBe('NO_LOOK_BEFORE');
    expect(found(twoLooks(world(1), world(2), 75), 'queries_per_second')).toBe(1 / 75);
    expect(found(twoLooks(world(1), world(2), 0.5), 'queries_per_second')).toBe('NO_LOOK_BEFORE');
  });

  it('goes on after a look in which the node was silent', () => {
    const first = derive({ ...fe1, pages: { fe1: queries(100, 0, 0) } });
    const silent = derive({ ...fe1, pages: { fe1: 'no answer in 3 s' }, before: first.counters, at: after(10) });
    expect(found(silent, 'queries_per_second', at('fe1'))).toBe('NODE_SILENT');
    const third = derive({ ...fe1, pages: { fe1: queries(160, 0, 0) }, before: silent.counters, at: after(20) });
    expect(found(third, 'queries_per_second', at('fe1'))).toBe(3);
  });

  it('is measured from the same start when looks follow each other at once', () => {
    const first = derive({ ...fe1, pages: { fe1: queries(100, 0, 0) } });
    const soon = derive({ ...fe1, pages: { fe1: queries(101, 0, 0) }, before: first.counters, at: after(0.4) });
    const third = derive({ ...fe1, pages: { fe1: queries(110, 0, 0) }, before: soon.counters, at: after(2) });
    expect(found(third, 'queries_per_second', at('fe1'))).toBe(5);
  });

  it('of a host is not known when its counter fell, and a restarted process is no reason to count it from 0', () => {
    const disk = (process: number, read: number) => [
      sample('starrocks_be_load_rows', process),
      sample('starrocks_be_disk_bytes_read', read, { device: 'sda' }),
    ];
    const be1 = { nodes: [backend('be1')] };
    const restarted = twoLooks(
      { ...be1, pages: { be1: disk(500, 1e12) } },
      { ...be1, pages: { be1: disk(10, 1e12 + 100) } },
    );
    expect(found(restarted, 'load_rows_per_second', at('be1'))).toBe(1);
    expect(found(restarted, 'disk_read_bytes_per_second', at('be1'))).toBe(10);
    const rebooted = twoLooks({ ...be1, pages: { be1: disk(500, 1e12) } }, { ...be1, pages: { be1: disk(10, 100) } });
    expect(found(rebooted, 'disk_read_bytes_per_second', at('be1'))).toBe('NO_LOOK_BEFORE');
  });

  it('does not jump when a disk is added', () => {
    const disk = (device: string, read: number) => sample('starrocks_be_disk_bytes_read', read, { device });
    const be1 = { nodes: [backend('be1')] };
    const looked = twoLooks(
      { ...be1, pages: { be1: [disk('sda', 100)] } },
      { ...be1, pages: { be1: [disk('sda', 200), disk('sdb', 1e12)] } },
    );
    expect(found(looked, 'disk_read_bytes_per_second', at('be1'))).toBe('NO_LOOK_BEFORE');
  });
});

describe('the cluster', () => {
  const three = { nodes: [frontend('fe1'), frontend('fe2'), frontend('fe3')], leader: 'fe1' };
  const before: World = { ...three, pages: { fe1: queries(0, 0, 0), fe2: queries(0, 0, 0), fe3: queries(0, 0, 0) } };

  it('has the errors of all frontends for the queries of all frontends', () => {
    const looked = twoLooks(before, {
      ...three,
      pages: { fe1: queries(900, 0, 0), fe2: queries(90, 0, 0), fe3: queries(10, 10, 0) },
    });
    expect(found(looked, 'query_error_share', at('fe3'))).toBe(1);
    expect(found(looked, 'query_error_share')).toBe(0.01);
    expect(found(looked, 'queries_per_second')).toBe(100);
  });

  it('has no sum while a frontend that lives is silent, and one without those that are dead', () => {
    const pages = { fe1: queries(10, 0, 0), fe2: queries(20, 0, 0), fe3: 'connection refused' };
    expect(found(twoLooks(before, { ...three, pages }), 'queries_per_second')).toBe('NODE_SILENT');
    const nodes = [frontend('fe1'), frontend('fe2'), frontend('fe3', { alive: false })];
    expect(found(twoLooks(before, { ...three, nodes, pages }), 'queries_per_second')).toBe(3);
  });

  it('has the worst latency of the frontends that answered', () => {
    const latency = (p95: number, count: number) => [
      sample('starrocks_fe_query_latency_ms', p95, { quantile: '0.95' }),
      sample('starrocks_fe_query_latency_ms_count', count),
    ];
    const pages = (more: number) => ({
      ...{ fe1: latency(80, 5 + more), fe2: latency(300, 9 + more), fe3: latency(0, 0) },
    });
    const looked = twoLooks({ ...three, pages: pages(0) }, { ...three, pages: pages(20) });
    expect(found(looked, 'query_p95_ms')).toBe(300);
    expect(found(looked, 'query_p95_ms', at('fe3'))).toBe('OF_NOTHING');
  });
});

describe('a latency', () => {
  const summary = (count: number) => [
    sample('starrocks_fe_query_latency_ms', 12_000, { quantile: '0.95' }),
    sample('starrocks_fe_query_latency_ms_count', count),
  ];

  function looks() {
    let counters: Counters = {};
    return (seconds: number, page: string | number) => {
      const samples = typeof page === 'number' ? summary(page) : page;
      const derived = derive({ ...fe1, pages: { fe1: samples }, before: counters, at: after(seconds) });
      counters = derived.counters;
      return found(derived, 'query_p95_ms');
    };
  }

  it('of one query, or of some, is not known: one of them alone would decide it', () => {
    const look = looks();
    // What was before the first look may be of yesterday.
    expect(look(0, 70_000)).toBe('NO_LOOK_BEFORE');
    for (let seconds = 15; seconds < 240; seconds += 15) expect(look(seconds, 70_000)).toBe('NO_LOOK_BEFORE');
    expect(look(240, 70_000)).toBe('OF_NOTHING');
    for (let seconds = 255; seconds <= 600; seconds += 15) expect(look(seconds, 70_001)).not.toBe(12_000);
    expect(look(615, 70_001)).toBe('OF_NOTHING');
    expect(look(630, 70_020)).toBe('OF_FEW');
    expect(look(645, 70_021)).toBe(12_000);
  });

  it('of queries that all came at one moment counts for less than the 5 minutes that a rule waits', () => {
    const look = looks();
    const known: number[] = [];
    for (let seconds = 0; seconds <= 900; seconds += 15)
      if (look(seconds, seconds < 300 ? 10 : 510) === 12_000) known.push(seconds);
    const longest = shippedRules.find(({ name }) => name === 'query_p95_high')?.forMs;
    expect(((known.at(-1) ?? 0) - (known[0] ?? 0)) * 1_000).toBeLessThan(longest ?? 0);
    expect(known[0]).toBe(300);
  });

  it('of a slow cluster with four clients goes on being known', () => {
    const look = looks();
    for (let seconds = 0; seconds <= 1_200; seconds += 15) {
      // Each of the four waits 40 s for its answer.
      const value = look(seconds, 4 * Math.floor(seconds / 40));
      if (seconds >= 240) expect(value).toBe(12_000);
    }
  });

  it('counts what a restarted frontend counted, and nothing that may have been long ago', () => {
    const look = looks();
    for (let seconds = 0; seconds <= 300; seconds += 15) look(seconds, 9_000);
    expect(look(315, 25)).toBe(12_000);
    const gap = looks();
    for (let seconds = 0; seconds <= 300; seconds += 15) gap(seconds, 9_000);
    expect(gap(330, 'no answer in 3 s')).toBe('NODE_SILENT');
    expect(gap(600, 9_500)).toBe('NO_LOOK_BEFORE');
  });

  it('is known by what was kept of a look by a version that did not follow how much was counted', () => {
    const before = { fe1: { atMs: start.getTime(), values: { starrocks_fe_query_latency_ms_count: 5 } } };
    const derived = derive({ ...fe1, pages: { fe1: summary(25) }, before, at: after(15) });
    expect(found(derived, 'query_p95_ms')).toBe(12_000);
  });

  it('of none on one frontend does not say that there was none on one that is silent', () => {
    const two = { nodes: [frontend('fe1'), frontend('fe2')], leader: 'fe1' };
    const looked = derive({ ...two, pages: { fe1: summary(0), fe2: 'no answer in 3 s' } });
    expect(found(looked, 'query_p95_ms', at('fe1'))).toBe('OF_NOTHING');
    expect(found(looked, 'query_p95_ms')).toBe('NODE_SILENT');
  });
});

describe('what only the leader knows', () => {
  const running = (db: string, value: number) => sample('starrocks_fe_txn_running', value, { db });
  const leads = sample('node_info', 1, { type: 'is_master' });
  const follows = sample('node_info', 3, { type: 'fe_node_num', state: 'total' });
  const two = { nodes: [frontend('fe1'), frontend('fe2')] };

  it('is taken from the leader', () => {
    const pages = { fe1: [running('shop', 0), follows], fe2: [running('shop', 12), leads] };
    const looked = derive({ ...two, leader: 'fe2', pages });
    expect(found(looked, 'transactions_running', { database: 'shop' })).toBe(12);
    expect(found(looked, 'transactions_running')).toBe(12);
  });

  it('is not known without a leader, or once the page of the one that led says that it does not', () => {
    const pages = { fe1: [running('shop', 0), follows], fe2: [running('shop', 0), follows] };
    expect(found(derive({ ...two, leader: null, pages }), 'transactions_running')).toBe('NO_LEADER');
    expect(found(derive({ ...two, leader: 'fe2', pages }), 'transactions_running')).toBe('NO_LEADER');
  });

  it('is compared with a limit that the cluster was asked for', () => {
    const facts: FactAnswers = { transaction_limit: { atMs: start.getTime(), values: [{ subject: {}, value: 10 }] } };
    const pages = { fe2: [running('shop', 12), running('sales', 1), leads] };
    const looked = derive({ ...two, leader: 'fe2', pages, facts });
    expect(found(looked, 'transactions_of_limit', { database: 'shop' })).toBe(1.2);
    expect(found(looked, 'transactions_of_limit', { database: 'sales' })).toBe(0.1);
    expect(found(looked, 'transactions_of_limit')).toBe(1.2);
    expect(found(derive({ ...two, leader: 'fe2', pages }), 'transactions_of_limit')).toBe('FACT_UNKNOWN');
  });
});

describe('users', () => {
  const connections = (user: string, value: number) => sample('starrocks_fe_connection_total', value, { user });
  const end = sample('node_info', 2, { type: 'fe_node_num', state: 'total' });
  const two = { nodes: [frontend('fe1'), frontend('fe2')], leader: 'fe1' };

  it('are summed up over frontends, and compared with their limit on each', () => {
    const facts: FactAnswers = {
      user_connection_limit: { atMs: start.getTime(), values: [{ subject: { user: 'bi' }, value: 10 }] },
    };
    const pages = { fe1: [connections('bi', 8), connections('etl', 1), end], fe2: [connections('bi', 2), end] };
    const looked = derive({ ...two, pages, facts });
    expect(found(looked, 'user_connections', { user: 'bi' })).toBe(10);
    expect(found(looked, 'user_connections', { user: 'etl' })).toBe(1);
    expect(found(looked, 'user_connections_of_limit', { user: 'bi' })).toBe(0.8);
    expect(found(looked, 'user_connections_of_limit', { user: 'etl' })).toBe('FACT_UNKNOWN');
    const etl = looked.unknown.find(
      ({ metric, subject }) => metric === 'user_connections_of_limit' && subject.user === 'etl',
    );
    expect(etl?.because).toMatch(/^nothing was known of it \d+ s ago, and that is asked every 5 min$/);
  });

  it('whose limits are asked are those who are connected, most connections first', () => {
    const pages = { fe1: [connections('bi', 2), connections('x', 0), end], fe2: [connections('etl', 5), end] };
    expect(connectedUsers(derive({ ...two, pages }).measurements)).toEqual(['etl', 'bi']);
  });

  it('are none on a frontend whose page came to its end without any', () => {
    const looked = derive({ ...two, pages: { fe1: [connections('bi', 8), end], fe2: [end] } });
    expect(found(looked, 'connections', at('fe2'))).toBe(0);
    expect(found(looked, 'connections')).toBe(8);
    const half = derive({ ...two, pages: { fe1: [connections('bi', 8), end], fe2: [] } });
    expect(found(half, 'connections', at('fe2'))).toBe('NOT_ON_PAGE');
    expect(found(half, 'user_connections', { user: 'bi' })).toBe('NOT_ON_PAGE');
  });

  it('are all judged, and in the history the 50 with most connections, since anybody can make up names', () => {
    const many = Array.from({ length: 70 }, (_, index) => connections(`u${String(index).padStart(2, '0')}`, index));
    const looked = derive({ nodes: [frontend('fe1')], leader: 'fe1', pages: { fe1: [...many, end] } });
    const ofUsers = (all: Derived['measurements']) => all.filter(({ metric }) => metric === 'user_connections');
    expect(ofUsers(looked.measurements)).toHaveLength(70);
    const kept = ofUsers(cutToLimit(looked.measurements, catalogue));
    expect(kept).toHaveLength(50);
    expect(kept.map(({ value }) => value).toSorted((a, b) => a - b)[0]).toBe(20);
    expect(found(looked, 'connections')).toBe((69 * 70) / 2);
  });
});

it('tells nothing of a node that is gone, which an answer of before still names', () => {
  const fact = {
    atMs: start.getTime(),
    values: [
      { subject: at('be1'), value: 1 },
      { subject: at('be2'), value: 0.97 },
    ],
  };
  const unknown = [{ subject: { ...at('be2'), path: '/data' }, because: 'the last look did not see it' }];
  const derived = derive({
    ...{ nodes: [backend('be1')], pages: {} },
    facts: { log_disk_used_share: fact, disk_days_until_full: { atMs: start.getTime(), values: [], unknown } },
  });
  expect(found(derived, 'log_disk_used_share', at('be1'))).toBe(1);
  expect(found(derived, 'log_disk_used_share')).toBe(1);
  expect([...derived.measurements, ...derived.unknown].filter(({ subject }) => subject.nodeId === 'be2')).toEqual([]);
});

it('counts what comes over the network, and not what a host sends to itself', () => {
  const received = (device: string, value: number) => sample('starrocks_be_network_receive_bytes', value, { device });
  const page = (eth: number, lo: number) => [received('lo', lo), received('eth0', eth)];
  const world = (eth: number, lo: number) => ({ nodes: [backend('be1')], pages: { be1: page(eth, lo) } });
  const derived = twoLooks(world(1_000, 5_000), world(3_000, 900_000));
  expect(found(derived, 'network_received_bytes_per_second', at('be1'))).toBe(200);
});

describe('a page that is not as it should be', () => {
  const total = (value: number) => sample('starrocks_be_disks_total_capacity', value, { path: '/data' });
  const free = (value: number) => sample('starrocks_be_disks_avail_capacity', value, { path: '/data' });
  const disk = { nodeId: 'be1', path: '/data' };
  const be1 = { nodes: [backend('be1')] };

  it.each([
    ['says NaN', [total(Number.NaN), free(1)], 'NOT_A_NUMBER'],
    ['says infinite', [total(Number.POSITIVE_INFINITY), free(1)], 'NOT_A_NUMBER'],
    ['says two things', [total(100), total(200), free(1)], 'CONTRADICTORY'],
    ['has more free than there is', [total(100), free(200)], 'CONTRADICTORY'],
    ['has a disk of no size', [total(0), free(0)], 'OF_NOTHING'],
    ['broke off', [total(100)], 'NOT_ON_PAGE'],
    ['says the same twice', [total(100), total(100), free(25)], 0.75],
  ])('that %s gives no false share', (_, samples, expected) => {
    expect(found(derive({ ...be1, pages: { be1: samples } }), 'disk_used_share', disk)).toBe(expected);
  });

  it('of a backend that has just started has no full disk', () => {
    const page = [total(0), free(0), sample('starrocks_be_disks_state', 0, { path: '/data' })];
    const looked = derive({ ...be1, pages: { be1: page } });
    for (const metric of ['disk_used_share', 'disk_free_bytes', 'disk_is_used'])
      expect(found(looked, metric, disk)).toBe('OF_NOTHING');
  });

  it('of a version that lacks a family says so', () => {
    const facts: FactAnswers = {};
    const metrics: readonly Metric[] = [
      {
        ...{
          name: 'x',
          title: 'x',
          meaning: 'x',
          unit: 'COUNT',
          scope: 'NODE',
          overall: 'SUM',
          documented: 'x',
          since: '3.4',
        },
        source: { kind: 'PAGE', nodes: ['BACKEND'], derivation: { kind: 'GAUGE', family: { names: ['new', 'old'] } } },
      },
    ];
    const nodes = [backend('a', { version: '3.3.9' }), backend('b', { version: '3.4.0' }), backend('c'), backend('d')];
    const pages = { a: [], b: [], c: [sample('old', 7)], d: [sample('new', 1), sample('old', 7)] };
    const looked = derive({ nodes, pages, facts, metrics });
    expect(['a', 'b', 'c', 'd'].map((id) => found(looked, 'x', at(id)))).toEqual([
      'NOT_IN_THIS_VERSION',
      'NOT_ON_PAGE',
      7,
      1,
    ]);
  });
});

describe('a page that was cut', () => {
  const heap = (type: string) => sample('jvm_heap_size_bytes', 100, { type });
  const cut = (samples: readonly PageSample[]) =>
    deriveMeasurements({
      ...{ nodes: [frontend('fe1')], leader: 'fe1', before: {}, facts: {}, at: start },
      pages: new Map([['fe1', { samples, isCut: true }]]),
    });

  it('counts but for the family in which it broke off, of which more may have followed', () => {
    const looked = cut([heap('max'), heap('used'), sample('starrocks_fe_txn_running', 3, { db: 'shop' })]);
    expect(found(looked, 'jvm_heap_used_share', at('fe1'))).toBe(1);
    expect(found(looked, 'transactions_running', { database: 'shop' })).toBe('NOT_ON_PAGE');
  });

  it('does not say that there is no connection', () => {
    const looked = cut([
      sample('starrocks_fe_connection_total', 3, { user: 'bi' }),
      sample('node_info', 1, { type: 'x' }),
      heap('max'),
    ]);
    expect(found(looked, 'connections', at('fe1'))).toBe('NOT_ON_PAGE');
  });
});

describe('a fact', () => {
  const limit = (atMs: number): FactAnswers => ({ tablets: { atMs, values: [{ subject: {}, value: 9 }] } });

  it('counts for three times its pace', () => {
    const look = (seconds: number) =>
      found(derive({ pages: {}, facts: limit(start.getTime()), at: after(seconds) }), 'tablets');
    expect(look(0)).toBe(9);
    expect(look(180)).toBe(9);
    expect(look(181)).toBe('FACT_UNKNOWN');
  });
});
