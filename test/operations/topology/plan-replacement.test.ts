import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedNode } from '../../../src/domain/cluster.ts';
import { isSameNode, nodeLabel } from '../../../src/domain/node-identity.ts';
import type { StepSpec } from '../../../src/domain/plan.ts';
import { findLeader, isElectable, quorumOf } from '../../../src/domain/quorum.ts';
import { type StepState, stepStates } from '../../../src/domain/run.ts';
import { AppError } from '../../../src/errors.ts';
import type { PlannedStep } from '../../../src/operations/define.ts';
import type { ReplacementFacts } from '../../../src/operations/topology/replace/facts.ts';
import { moveNode } from '../../../src/operations/topology/replace/move-node.ts';
import { planWayBack, replacementKinds, whyNoWayBack } from '../../../src/operations/topology/replace/operation.ts';
import { planReplacement, type Replacement, type Takes } from '../../../src/operations/topology/replace/plan.ts';
import { replaceBackend } from '../../../src/operations/topology/replace/replace-backend.ts';
import { replaceFrontend } from '../../../src/operations/topology/replace/replace-frontend.ts';
import { leavingNode } from '../../../src/operations/topology/steps/leaving-node.ts';
import { decommission } from '../../domain/topology-change/builders.ts';
import { be, cn, fe } from '../../domain/topology-change/members.ts';
import { addingTo, newHost, reported, version } from './builders.ts';
import { at, factsOf, known, stepsOf, takes, three, threeBackends, wishFor, words } from './replacement-facts.ts';

/* What the plans of replacing and moving say, with facts written by hand: no cluster and no host is asked. */

/** By what the old node is touched, whatever kind it is of. */
const touching = ['drainBackend', 'dropDrained', 'handOverLeadership', 'dropFrontend', 'awaitIdle', 'stopComputeNode'];
const touches = new Set([...touching, 'dropComputeNode', 'stopRemoved']);

describe('a plan of a replacement', () => {
  /** Mostly as it has to be, so that many of the clusters have a plan. */
  const mostly = fc.integer({ min: 0, max: 15 }).map((n) => n > 0);
  const someCluster = fc.record({
    others: fc.array(fc.record({ role: fc.constantFrom('FOLLOWER', 'OBSERVER'), alive: mostly }), {
      maxLength: 6,
    }),
    backends: fc.array(mostly, { maxLength: 4 }),
    computeNodes: fc.array(mostly, { maxLength: 2 }),
    pick: fc.nat(),
    /** Whether the one that is chosen is alive where it has to be, and down where it has to be. */
    isOfThatSort: mostly,
    ...{ isOfSameVersion: mostly, othersAreOfSameVersion: mostly, isAttached: mostly },
    operation: fc.constantFrom<keyof typeof takes>('backend', 'frontend', 'move'),
    wish: fc.record({ leaveProcess: fc.boolean(), moveLeader: fc.boolean() }),
  });
  type SomeCluster = typeof someCluster extends fc.Arbitrary<infer T> ? T : never;

  function planOf({ others, backends, computeNodes, pick, operation, ...given }: SomeCluster) {
    const all = [
      fe(1, at({ role: 'LEADER' })),
      ...others.map(({ role, alive }, n) => fe(n + 2, at({ role, alive }))),
      ...backends.map((alive, n) => be(n + 1, at({ alive }))),
      ...computeNodes.map((alive, n) => cn(n + 1, at({ alive }))),
    ];
    const kinds: readonly string[] = takes[operation].kinds;
    const fitting = all.filter(({ kind, role }) => kinds.includes(kind) && (operation === 'move' || role !== 'LEADER'));
    const chosen = all.indexOf(fitting[pick % Math.max(1, fitting.length)] ?? fe(0));
    const old = { version: '3.4.6-abcdef1' };
    const nodes = all.map((node, n) => {
      if (n !== chosen)
        return given.othersAreOfSameVersion || n !== (chosen + 1) % all.length ? node : { ...node, ...old };
      const alive = (operation === 'move') === given.isOfThatSort;
      return { ...node, ...(given.isOfSameVersion ? {} : old), alive };
    });
    const now = nodes[chosen];
    if (now === undefined) return null;
    const facts = factsOf(nodes, now, { known: known(now, given.isAttached ? 'hst_old' : null) });
    const whole = wishFor(now, given.wish);
    return { nodes, now, whole, result: planReplacement(whole, facts, takes[operation]) };
  }

  /** Holds a rule for every plan that comes about. Answers how many there were of each kind of node at least: none would hold any rule. */
  function everyPlan(
    rule: (plan: NonNullable<ReturnType<typeof planOf>> & { readonly steps: readonly StepSpec[] }) => void,
  ): number {
    const plans = { FRONTEND: 0, BACKEND: 0, COMPUTE_NODE: 0 };
    fc.assert(
      fc.property(someCluster, (given) => {
        const plan = planOf(given);
        if (plan === null) return;
        if ('refusals' in plan.result) {
          for (const { code, message, hint } of plan.result.refusals) {
            expect(code).not.toBe('');
            expect(message).not.toBe('');
            expect(hint).toMatch(/\w.*/);
          }
          return;
        }
        plans[plan.now.kind] += 1;
        rule({ ...plan, steps: plan.result.steps });
      }),
      { numRuns: 400 },
    );
    return Math.min(...Object.values(plans));
  }

  it('touches the old node only after the new one was seen to be well, in a stage of its own', () => {
    const plans = everyPlan(({ steps, now }) => {
      const seen = steps.findIndex(({ kind }) => kind === 'awaitJoined');
      const old = steps.filter(({ kind, params }) => params.nodeId === 'nod_1' && touches.has(kind));
      expect(steps[seen]?.params).toMatchObject({ version, kind: now.kind, host: newHost });
      expect(old.length).toBeGreaterThan(0);
      for (const step of old) {
        expect(steps.indexOf(step)).toBeGreaterThan(seen);
        expect(step.lane?.stage).not.toBe(steps[seen]?.lane?.stage);
        expect(leavingNode.parse(step.params)).toMatchObject({ host: now.host, port: now.port });
      }
      // What is dropped, or drained, is the old one; no step of these kinds names another.
      for (const step of steps.filter(({ kind }) => touches.has(kind))) expect(old).toContain(step);
    });
    expect(plans, 'every kind of node was really planned for').toBeGreaterThan(0);
  });

  it('has no lane that a run may do without', () => {
    for (const operation of [replaceBackend, replaceFrontend, moveNode])
      expect(operation.whyNotWithout).toBeUndefined();
  });

  it('never lets the living voters come below a majority, at any point', () => {
    const plans = everyPlan(({ steps, nodes }) => {
      let now: readonly ObservedNode[] = nodes;
      // A cluster of two with one of them down has no majority to begin with.
      const least = Math.min(0, quorumOf(nodes).spare);
      for (const { kind, params } of steps) {
        now = afterStep(now, { kind, params });
        expect(quorumOf(now).spare).toBeGreaterThanOrEqual(least);
        expect(findLeader(now)).toBeDefined();
      }
      expect(now.filter(isElectable)).toHaveLength(nodes.filter(isElectable).length);
      expect(now).toHaveLength(nodes.length);
    });
    expect(plans, 'every kind of node was really planned for').toBeGreaterThan(0);
  });

  it('looks for the process of every old node that it is not told to leave alone', () => {
    const plans = everyPlan(({ steps, whole }) => {
      const last = steps.filter(({ lane }) => lane?.stage === 'The old node').at(-1);
      if (whole.leaveProcess) expect(steps.map(({ kind }) => kind)).not.toContain('stopRemoved');
      else expect(last?.kind).toBe('stopRemoved');
    });
    expect(plans, 'every kind of node was really planned for').toBeGreaterThan(0);
  });

  it('is only made of kinds that its operation knows', () => {
    const kinds = new Set(replacementKinds.map(({ kind }) => kind));
    everyPlan(({ steps }) => expect(steps.filter(({ kind }) => !kinds.has(kind))).toEqual([]));
  });
});

/** What the frontends show after a step: a new one counts when it has joined, a leader that was stopped is down. */
function afterStep(
  nodes: readonly ObservedNode[],
  { kind, params }: Pick<StepSpec, 'kind' | 'params'>,
): readonly ObservedNode[] {
  const isOld = (node: ObservedNode) => node.host === params.host && node.port === params.port;
  switch (kind) {
    case 'awaitJoined': {
      const { host, port, role } = params;
      const joined = { ...fe(9, at()), kind: params.kind, host, port, role } as ObservedNode; // the params of the step
      return [...nodes, joined];
    }
    case 'handOverLeadership': {
      if (!isSameNode(findLeader(nodes) ?? fe(0), nodes.find(isOld) ?? fe(0))) return nodes;
      const next = nodes.find((node) => isElectable(node) && node.alive && !isOld(node));
      return nodes.map((node) =>
        isOld(node) ? { ...node, role: 'FOLLOWER', alive: false } : node === next ? { ...node, role: 'LEADER' } : node,
      );
    }
    case 'dropFrontend':
    case 'drainBackend':
    case 'dropComputeNode':
      return nodes.filter((node) => !isOld(node));
    default:
      return nodes;
  }
}

describe('a leader', () => {
  const [leads] = three;
  if (leads === undefined) throw new Error('three frontends');
  const planned = (wish: Partial<Replacement>, over: Partial<ReplacementFacts> = {}, nodes = three) =>
    planReplacement(wishFor(leads, wish), factsOf(nodes, nodes[0] ?? leads, over), takes.move);

  it('is moved only when that was asked for, where its version can hand over, and where its host is reached', () => {
    expect(words(planned({}))).toEqual([expect.stringMatching(/^QUORUM_AT_RISK fe 10\.0\.0\.1:9010 leads/)]);
    const old = three.map((node) => ({ ...node, version: '3.3.15-abcdef1' }));
    const adding = addingTo(old, { version: '3.3.15' });
    const release = adding.release === null ? null : { ...adding.release, version: '3.3.15' };
    expect(words(planned({ moveLeader: true }, { adding: { ...adding, release } }, old))).toEqual([
      expect.stringMatching(/^QUORUM_AT_RISK .* leads/),
    ]);
    const unreached = { known: known(leads, null) };
    expect(words(planned({ moveLeader: true, leaveProcess: true }, unreached))).toEqual([
      expect.stringMatching(/^CREDENTIAL_MISSING .* cannot be told to let another one lead/),
    ]);
  });

  it('hands over before it is dropped, and after the new one votes', () => {
    const kinds = stepsOf(planned({ moveLeader: true })).map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('awaitJoined'))).toEqual([
      ...['awaitJoined', 'noteLeaving', 'handOverLeadership', 'dropFrontend', 'stopRemoved', 'saveTopology'],
    ]);
    const drop = stepsOf(planned({ moveLeader: true })).find(({ kind }) => kind === 'dropFrontend');
    expect(drop?.params).toMatchObject({ votersLeft: 3 });
  });

  it('is planned for in every move with moveLeader, since another one may lead by then', () => {
    const [, second] = three;
    if (second === undefined) throw new Error('a second');
    const steps = stepsOf(planReplacement(wishFor(second, { moveLeader: true }), factsOf(three, second), takes.move));
    expect(steps.map(({ kind }) => kind)).toContain('handOverLeadership');
  });

  it('is not said to be left alone when it is stopped to hand over', () => {
    const result = planned({ moveLeader: true, leaveProcess: true });
    const notes = 'refusals' in result ? [] : (result.notes ?? []);
    expect(notes.filter((note) => note.includes('left alone'))).toEqual([]);
    expect(notes).toContainEqual(expect.stringMatching(/^If fe 10\.0\.0\.1:9010 leads, it is stopped/));
  });

  it('of one frontend alone cannot be moved: with two voters nobody could take over', () => {
    const result = planReplacement(wishFor(leads, { moveLeader: true }), factsOf([leads], leads), takes.move);
    expect(words(result)).toEqual([expect.stringMatching(/^QUORUM_AT_RISK .* would not hand over/)]);
  });
});

describe('a cluster that is not whole', () => {
  const dead = fe(3, at({ alive: false, version: '3.4.6-abcdef1', errorMessage: 'Connection refused' }));
  const nodes = [...three.slice(0, 2), dead, ...threeBackends];
  const replaced = (all: readonly ObservedNode[], node: ObservedNode) =>
    planReplacement(wishFor(node), factsOf(all, node), node.alive ? takes.move : takes.frontend);

  it('gets a new node of its own version for one that stayed down on the old one', () => {
    const joined = stepsOf(replaced(nodes, dead)).find(({ kind }) => kind === 'awaitJoined');
    expect(joined?.params).toMatchObject({ version, role: 'FOLLOWER' });
  });

  it('gets none while the living run several versions, in the middle of an upgrade', () => {
    const mixed = nodes.map((node) => (node.host === '10.0.1.2' ? { ...node, version: '3.4.6-abcdef1' } : node));
    expect(words(replaced(mixed, dead))).toContainEqual(
      expect.stringMatching(/^PRECONDITION_FAILED The nodes run different/),
    );
    expect(words(replaced(mixed, dead))).toContainEqual(
      expect.stringMatching(/^PRECONDITION_FAILED Which version the cluster runs cannot be told/),
    );
  });

  it('gets none in place of a living one on another version either', () => {
    const other = fe(3, at({ version: '3.4.6-abcdef1' }));
    expect(words(replaced([...three.slice(0, 2), other], other))).toContainEqual(
      expect.stringMatching(/^PRECONDITION_FAILED The nodes run different/),
    );
  });

  it('gets none while a further node is down', () => {
    const two = nodes.map((node) => (node.host === '10.0.1.2' ? { ...node, alive: false } : node));
    expect(words(replaced(two, dead))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED be 10\.0\.1\.2:9050 is not/),
    ]);
  });

  it('keeps an even number of voters that it had: a vote in the place of a vote', () => {
    const four = [...three, fe(4, at({ alive: false }))];
    expect(words(replaced(four, four[3] ?? dead))).toEqual(['it was planned']);
  });
});

describe('a plan of a replacement is refused', () => {
  const [, , third] = three;
  const [first] = threeBackends;
  if (third === undefined || first === undefined) throw new Error('three of each');
  const down = { ...first, alive: false, errorMessage: 'no answer' };
  const deadBackend = [...three, down, ...threeBackends.slice(1)];
  const deadFrontend = { ...third, alive: false };
  const all = [...three, ...threeBackends];
  type Case = {
    readonly of: ObservedNode;
    readonly among?: readonly ObservedNode[];
    readonly by?: Takes;
    readonly wish?: Partial<Replacement>;
    readonly facts?: Partial<ReplacementFacts>;
  };
  it.each<[string, Case, RegExp]>([
    [
      'a node that nobody knows',
      { of: first, facts: { known: null, now: null } },
      /^NOT_FOUND The cluster has no node/,
    ],
    ['a node that has left', { of: first, facts: { now: null } }, /^NOT_FOUND be .* is not in the cluster any more/],
    ['a living one that is to be replaced', { of: first, by: takes.backend }, /^PRECONDITION_FAILED .* is alive/],
    [
      'a dead one that is to be moved',
      { of: down, among: deadBackend, by: takes.move },
      /^PRECONDITION_FAILED .* is down: no answer/,
    ],
    ['a frontend by replaceBackend', { of: third, by: takes.backend }, /^INVALID_INPUT .* is none that this operation/],
    ['a backend without storage', { of: first, wish: { storage: [] } }, /^INVALID_INPUT Where the new backend keeps/],
    ['a frontend without metaDir', { of: third, wish: { metaDir: null } }, /^INVALID_INPUT Where the new frontend/],
    [
      'a frontend with storage',
      { of: third, wish: { storage: ['/data/be'] } },
      /^INVALID_INPUT .* is a frontend, and has no storage/,
    ],
    [
      'a frontend with a location',
      { of: third, wish: { location: 'rack:r1' } },
      /^INVALID_INPUT .* is no backend, and only/,
    ],
    ['a backend with metaDir', { of: first, wish: { metaDir: '/data/meta' } }, /^INVALID_INPUT .* is no frontend/],
    [
      'a located backend without a location',
      { of: { ...first, location: 'rack:r1' } },
      /^INVALID_INPUT .* stands in rack:r1/,
    ],
    [
      'a frontend onto its own host',
      { of: { ...third, host: newHost } },
      /^PRECONDITION_FAILED .* stands on that host/,
    ],
    ['a host that is not attached', { of: first, facts: { known: known(first, null) } }, /^CREDENTIAL_MISSING/],
    [
      'a host that is silent',
      { of: first, facts: { silence: 'no route' } },
      /^PRECONDITION_FAILED The host of .* no route/,
    ],
    [
      'a backend that the leader does not list any more',
      { of: first, facts: { drain: { facts: decommission(), ids: [] } } },
      /^NOT_FOUND SHOW BACKENDS does not list/,
    ],
    [
      'a frontend that is listed twice',
      {
        of: third,
        facts: {
          remnants: [{ host: third.host, editLogPort: third.port, name: 'a' } as ReplacementFacts['remnants'][0]],
        },
      },
      /^PRECONDITION_FAILED SHOW FRONTENDS lists/,
    ],
    [
      'a drain that could never end',
      {
        of: down,
        among: deadBackend,
        by: takes.backend,
        facts: { drain: { facts: decommission({ highest: { table: 'sales.orders', replicas: 9 } }), ids: ['10001'] } },
      },
      /^REPLICATION_AT_RISK/,
    ],
    [
      'a dead frontend while nobody leads',
      {
        of: deadFrontend,
        among: [...three.slice(0, 2).map((node) => ({ ...node, role: 'FOLLOWER' })), deadFrontend],
        by: takes.frontend,
      },
      /^QUORUM_AT_RISK The frontends have no leader/,
    ],
  ])('for %s', (_case, { of, among = all, by = takes.move, wish, facts }, why) => {
    const nodes = [...among.filter((node) => !isSameNode(node, of)), of];
    const result = planReplacement(wishFor(of, wish), factsOf(nodes, of, facts), by);
    expect(words(result)).toContainEqual(expect.stringMatching(why));
    if (!('refusals' in result)) throw new Error('refused');
    expect(result.refusals.filter(({ hint }) => hint.trim() === '')).toEqual([]);
  });
});

describe('the way back of a replacement', () => {
  const step = (kind: string, state: StepState, phase: 'do' | 'undo' = 'do'): PlannedStep => ({
    ...{ kind, state, phase, params: {}, facts: null, title: kind },
    ...{ about: { kind: 'cluster', id: null, label: 'the cluster' }, effect: 'changes' },
  });
  const leaves = ['drainBackend', 'dropComputeNode', 'dropFrontend'];

  it('is there until the old node has left, whatever else has happened', () => {
    const kinds = replacementKinds.map(({ kind }) => kind);
    const someStep = fc.record({
      kind: fc.constantFrom(...kinds),
      state: fc.constantFrom(...stepStates),
      phase: fc.constantFrom<'do' | 'undo'>('do', 'undo'),
    });
    fc.assert(
      fc.property(fc.array(someStep, { maxLength: 12 }), (given) => {
        const steps = given.map(({ kind, state, phase }) => step(kind, state, phase));
        const hasLeft = steps.some(
          ({ kind, state, phase }) =>
            phase === 'do' && leaves.includes(kind) && (state === 'done' || state === 'already'),
        );
        expect(whyNoWayBack(steps) !== null).toBe(hasLeft);
      }),
    );
  });

  const steps = (() => {
    const dead = fe(3, at({ alive: false }));
    const planned = stepsOf(
      planReplacement(wishFor(dead), factsOf([...three.slice(0, 2), dead], dead), takes.frontend),
    );
    const dropped = planned.findIndex(({ kind }) => kind === 'dropFrontend');
    return planned.map((spec, n): PlannedStep => {
      const state = n < dropped ? 'done' : n === dropped ? 'failed' : 'pending';
      return { ...spec, state, phase: 'do', facts: null };
    });
  })();

  const reading = (frontends: readonly ObservedNode[] | AppError) => ({
    signal: AbortSignal.timeout(10_000),
    sql: {
      query: async ({ name }: { readonly name: string }) => {
        if (frontends instanceof AppError) throw frontends;
        return name === 'show-frontends' ? frontends.map(rowOf) : [];
      },
    },
  });
  const rowOf = ({ host, port, role, alive }: ObservedNode) => ({
    ...{ Name: host, IP: host, EditLogPort: String(port), HttpPort: '8030', QueryPort: '9030', RpcPort: '9020' },
    ...{ Role: role, Alive: String(alive), ClusterId: '1', Join: 'true', ReplayedJournalId: '1', ErrMsg: '' },
    ...{ LastHeartbeat: '2026-03-01 12:00:00', StartTime: '2026-03-01 10:00:00', Version: reported },
  });
  const wayBack = (frontends: readonly ObservedNode[] | AppError, given = steps) =>
    planWayBack(reading(frontends) as unknown as Parameters<typeof planWayBack>[0], { runId: 'run_1', steps: given });
  const joined = { ...fe(9, at()), host: newHost };

  it('takes the new node away while the cluster shows the old one', async () => {
    const result = await wayBack([...three, joined]);
    expect(stepsOf(result).map(({ kind }) => kind)).toEqual(['dropFromCluster', 'endNewNode', 'removeInstalled']);
  });

  it('leaves the new node where the old one is out, although the journal says that its drop failed', async () => {
    expect(words(await wayBack([...three.slice(0, 2), joined]))).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED fe 10\.0\.0\.3:9010 is out of the cluster/),
    ]);
  });

  it('is not planned on what nobody could see', async () => {
    const away = new AppError('SQL_UNREACHABLE', 'no frontend answers');
    await expect(wayBack(away)).rejects.toMatchObject({ code: 'SQL_UNREACHABLE' });
  });

  it('removes what was installed and never added, whatever has become of the old node', async () => {
    const never = steps.map((one): PlannedStep => {
      const begun = ['claimPlace', 'fetchArchive', 'unpackRelease'].includes(one.kind);
      return { ...one, state: begun ? 'done' : 'pending' };
    });
    const result = await wayBack([...three.slice(0, 2)], never);
    expect(stepsOf(result).map(({ kind }) => kind)).toEqual(['endNewNode', 'removeInstalled']);
  });
});

it('names a replaced node as people know it', () => {
  const dead = fe(3, at({ alive: false }));
  const result = planReplacement(wishFor(dead), factsOf([...three.slice(0, 2), dead], dead), takes.frontend);
  expect('refusals' in result ? '' : result.summary).toBe(
    `Replace ${nodeLabel(dead)}: Add 1 frontend with ${version}: fe ${newHost}:9010`,
  );
});
