import { describe, expect, it } from 'vitest';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { problemsIn, readTopology, toObservedNodes } from '../../../src/adapters/starrocks/read-topology.ts';
import { evaluateHealth } from '../../../src/domain/health-checks.ts';
import { restartRefusals } from '../../../src/domain/restart-safety.ts';
import { spreadCheck } from '../../../src/domain/topology-change/location.ts';

const row = (host: string, more: Record<string, string> = {}): SqlRow => ({
  Name: `${host}_9010_1700000000000`,
  IP: host,
  EditLogPort: '9010',
  HttpPort: '8030',
  QueryPort: '9030',
  RpcPort: '9020',
  Role: 'FOLLOWER',
  ClusterId: '1897993951',
  Join: 'true',
  Alive: 'true',
  ReplayedJournalId: '2799',
  LastHeartbeat: '2026-11-27 09:44:53',
  IsHelper: 'true',
  ErrMsg: '',
  StartTime: '2026-11-27 09:31:15',
  Version: '3.5.0-37c7c51',
  ...more,
});

/** A cluster without workers, whose SHOW FRONTENDS answers each list once and the last one from then on. */
function frontends(...answers: (readonly SqlRow[])[]): StarRocksSql & { asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    query: async ({ name }) =>
      name === 'show-frontends' ? (answers[Math.min(asked++, answers.length - 1)] ?? []) : [],
  };
}

function clock() {
  let at = 0;
  return {
    now: () => at,
    sleep: async (ms: number) => {
      at += ms;
    },
  };
}

const led = [row('192.0.2.1'), row('192.0.2.2', { Role: 'LEADER' }), row('192.0.2.3')];
/** As any frontend answers for 1 to 5 s while leadership is handed over. */
const handedOver = led.map((each) => ({ ...each, Role: 'FOLLOWER', Join: 'false' }));

describe('a cluster whose leadership is handed over', () => {
  it('is asked again until somebody leads', async () => {
    const sql = frontends(handedOver, handedOver, handedOver, led);
    const topology = await readTopology(sql, {}, { clock: clock() });
    expect(toObservedNodes(topology).map(({ role }) => role)).toEqual(['FOLLOWER', 'LEADER', 'FOLLOWER']);
    expect(sql.asked()).toBe(4);
  });

  it('is shown as it is when nobody leads for 15 s', async () => {
    const sql = frontends(handedOver);
    const time = clock();
    const topology = await readTopology(sql, {}, { clock: time });
    expect(toObservedNodes(topology).map(({ role }) => role)).toEqual(['FOLLOWER', 'FOLLOWER', 'FOLLOWER']);
    expect(time.now()).toBe(15_000);
  });

  it('does not take more than its share of the time of the question', async () => {
    const time = clock();
    await readTopology(frontends(handedOver), { timeoutMs: 5_000 }, { clock: time });
    expect(time.now()).toBe(3_000);
  });

  it('is asked no more once the question is cancelled', async () => {
    const signal = AbortSignal.abort();
    const query: StarRocksSql['query'] = async (_statement, call) => {
      call?.signal?.throwIfAborted();
      return handedOver;
    };
    await expect(readTopology({ query }, { signal })).rejects.toThrow(/abort/);
  });
});

describe('a frontend that stands in SHOW FRONTENDS twice', () => {
  const living = row('fe-0', { Name: 'fe-0_9010_1677577000111' });
  const remnant = row('fe-0', {
    Name: 'fe-0_9010_1677487245671',
    Join: 'false',
    Alive: 'false',
    ErrMsg: 'got exception',
    StartTime: 'NULL',
    Version: 'UNKNOWN-1e222c2',
  });
  const others = [row('fe-1', { Role: 'LEADER' }), row('fe-2')];
  const orders = [
    [living, remnant, ...others],
    [remnant, ...others, living],
    [...others, living, remnant],
    [...others, remnant, living],
  ];

  it.each(orders)('is alive once, whatever the order of the rows', async (...rows) => {
    const topology = await readTopology(frontends(rows));
    const nodes = toObservedNodes(topology);
    expect(nodes.map(({ host, alive }) => `${host} ${alive}`).toSorted()).toEqual([
      'fe-0 true',
      'fe-1 true',
      'fe-2 true',
    ]);
    expect(problemsIn(topology)).toEqual([
      expect.stringMatching(
        /^SHOW FRONTENDS lists fe fe-0:9010 more than once: fe-0_9010_1677487245671 is a remnant: got/,
      ),
    ]);
  });

  it('is down when both rows are, and the newer one is the one that is kept', async () => {
    const older = { ...remnant, Name: 'fe-0_9010_1677487245000' };
    const [node] = toObservedNodes(await readTopology(frontends([older, { ...remnant, ErrMsg: 'newer' }, ...others])));
    expect(node).toMatchObject({ alive: false, errorMessage: 'newer' });
  });

  it('leads if one of its rows says so and lives, and counts once for the majority', async () => {
    const leading = { ...living, Role: 'LEADER' };
    const topology = await readTopology(frontends([{ ...remnant, Role: 'LEADER' }, leading, row('fe-1'), row('fe-2')]));
    const nodes = toObservedNodes(topology);
    const [target] = nodes;
    expect(target).toMatchObject({ alive: true, role: 'LEADER' });
    if (target === undefined) throw new Error('no frontend');
    const facts = { nodes, unhealthyTablets: 0, singleReplicaTables: [], runningJobs: [] };
    expect(restartRefusals(target, facts, { acceptDowntime: false })).toEqual([]);
  });

  it('is a warning of the report, and no frontend is down in it', async () => {
    const topology = await readTopology(frontends([remnant, living, ...others]));
    const checks = evaluateHealth({
      nodes: toObservedNodes(topology),
      listProblems: problemsIn(topology),
      replicas: null,
      repositories: null,
      singleReplicaTables: null,
      spread: spreadCheck(null, []),
      unhealthyHttp: [],
      hosts: [],
      attached: [],
      failedLogins: [],
      newestBackupAt: null,
      now: new Date(0),
      notAsked: {},
    });
    expect(checks.find(({ name }) => name === 'frontends-alive')).toMatchObject({
      status: 'PASS',
      observed: '3 alive',
    });
    expect(checks.find(({ name }) => name === 'frontend-redundancy')).toMatchObject({
      status: 'PASS',
      observed: '3 of 3 electable frontends alive, majority 2',
    });
    expect(checks.find(({ name }) => name === 'nodes-listed-once')).toMatchObject({ status: 'FAIL', severity: 'WARN' });
  });
});
