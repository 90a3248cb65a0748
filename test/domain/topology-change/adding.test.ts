import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStorage } from '../../../src/domain/deploy/storage-input.ts';
import type { FrontendRow } from '../../../src/domain/topology.ts';
import { notesOnAdding, refusalsOfAdding } from '../../../src/domain/topology-change/adding.ts';
import { addressInCluster, parseNodeAddress, usesNames } from '../../../src/domain/topology-change/address.ts';
import { notJoinedYet } from '../../../src/domain/topology-change/joining.ts';
import { whyNotDrop } from '../../../src/domain/topology-change/leaving.ts';
import { standingOf } from '../../../src/domain/topology-change/member.ts';
import { checksOfMembers } from '../../../src/domain/topology-change/member-checks.ts';
import { withMedia } from '../../../src/operations/topology/fields.ts';
import { backend, be, cn, computeNode, fe, follower, leader, observer, whole } from './members.ts';

type Given = Parameters<typeof refusalsOfAdding>;
const refused = (wanted: Given[0], nodes: Given[1], leaving?: Given[3]) =>
  refusalsOfAdding(wanted, nodes, ['input', 'nodes'], leaving).map(({ code, message, path = [] }) =>
    `${code} ${message} ${path.join('.')}`.trim(),
  );

describe('adding nodes is refused', () => {
  it.each([
    ['without a leader', [backend('10.0.1.9')], [fe(1), be(1)], /^QUORUM_AT_RISK The frontends have no leader/],
    [
      'while a node is dead',
      [backend('10.0.1.9')],
      [leader, be(1, { alive: false })],
      /^PRECONDITION_FAILED be 10\.0\.1\.1:9050 is not alive/,
    ],
    [
      'while versions are mixed',
      [backend('10.0.1.9')],
      [leader, be(1, { version: '3.4.0' })],
      /^PRECONDITION_FAILED The nodes run different versions: 1 backend on 3\.4\.0, 1 frontend on 3\.3\.15/,
    ],
    [
      'for a backend that is in the cluster',
      [backend('10.0.1.2')],
      whole,
      /^ALREADY_EXISTS be 10\.0\.1\.2:9050 is in the cluster already input\.nodes\.0$/,
    ],
    [
      'for a compute node at a backend’s address',
      [computeNode('10.0.1.2')],
      whole,
      /^ALREADY_EXISTS be 10\.0\.1\.2:9050 is in the cluster already, and that address is taken/,
    ],
    [
      'for a second frontend on a host, whatever its port',
      [observer('10.0.0.2'), follower('10.0.0.3', 9011)].slice(0, 1),
      whole,
      /^ALREADY_EXISTS fe 10\.0\.0\.2:9010 is in the cluster already, as FOLLOWER/,
    ],
    [
      'for a frontend at another port of a host that has one',
      [{ ...observer('10.0.0.3'), port: 9011 }],
      whole,
      /^ALREADY_EXISTS fe 10\.0\.0\.3:9010 is in the cluster already, and a cluster has one frontend a host/,
    ],
    [
      'for a node that stands twice',
      [backend('10.0.1.9'), computeNode('10.0.1.9')],
      whole,
      /^INVALID_INPUT 10\.0\.1\.9:9050 stands twice input\.nodes\.1$/,
    ],
    [
      'for an even number of voters',
      [follower('10.0.0.4')],
      whole,
      /^QUORUM_AT_RISK 4 frontends would vote: 3 of them have to live, so the failure of 1 is borne, as with 3 input\.nodes$/,
    ],
  ])('%s', (_name, wanted, nodes, message) => {
    expect(refused(wanted, nodes)).toEqual([expect.stringMatching(message)]);
  });

  it('but not for a node that is down when it is the one that leaves, nor for its vote', () => {
    const dead = fe(3, { alive: false });
    const nodes = [fe(1, { role: 'LEADER' }), fe(2), dead, be(1)];
    expect(refused([follower('10.0.0.4')], nodes)).toHaveLength(2);
    expect(refused([follower('10.0.0.4')], nodes, dead)).toEqual([]);
    expect(refused([follower('10.0.0.4')], [...nodes, be(2, { alive: false })], dead)).toEqual([
      expect.stringMatching(/^PRECONDITION_FAILED be .* is not alive/),
    ]);
  });

  it('and every refusal says what can be done', () => {
    const all = refusalsOfAdding([follower('10.0.0.1'), backend('10.0.1.1')], [fe(1), be(1, { alive: false })], []);
    expect(all.length).toBeGreaterThan(2);
    expect(all.every(({ hint }) => hint.endsWith('.'))).toBe(true);
  });

  it('not for what may be added: workers, observers, two voters at once', () => {
    expect(refused([backend('10.0.1.9'), backend('10.0.1.9', 9150)], whole)).toEqual([]);
    expect(refused([observer('10.0.0.9')], whole)).toEqual([]);
    expect(refused([follower('10.0.0.8'), follower('10.0.0.9')], whole)).toEqual([]);
    expect(refused([follower('10.0.0.8'), follower('10.0.0.9')], [leader, be(1)])).toEqual([]);
  });

  it('and never ends in an even number of voters, whoever is added to whatever', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), (now, more) => {
        const nodes = [leader, ...Array.from({ length: now - 1 }, (_, index) => fe(index + 2))];
        const wanted = Array.from({ length: more }, (_, index) => follower(`10.9.0.${index + 1}`));
        const isEven = more > 0 && (now + more) % 2 === 0;
        expect(refused(wanted, nodes).some((line) => line.startsWith('QUORUM_AT_RISK'))).toBe(isEven);
      }),
    );
  });
});

it('what a person should know: an even number on the way, a decommission, tablets that move', () => {
  const nodes = [leader, be(1), be(2, { decommissioning: true })];
  expect(notesOnAdding([follower('10.0.0.2'), follower('10.0.0.3'), backend('10.0.1.9')], nodes)).toEqual([
    'Once fe 10.0.0.2:9010 has joined and until the next one has, 2 frontends vote, and both of them have to live',
    'be 10.0.1.2:9050 is being decommissioned meanwhile',
    'The cluster moves tablets to 1 new backend by itself, for as long as that takes',
  ]);
});

it('a node that is in the cluster as what it is wanted to be is in; the leader is a follower', () => {
  expect(standingOf(follower('10.0.0.1'), whole)).toEqual({ in: leader });
  expect(standingOf(observer('10.0.0.1'), whole)).toEqual({
    taken: 'fe 10.0.0.1:9010 is in the cluster already, as LEADER',
  });
  expect(standingOf(backend('10.0.1.9'), whole)).toBe('out');
  expect(standingOf(backend('10.0.2.1'), [cn(1)])).toMatchObject({
    taken: expect.stringContaining('cn 10.0.2.1:9050'),
  });
});

it('a medium that Slack has cut from its path comes back to it', () => {
  expect(withMedia(['/a', 'medium:SSD', '/b,medium:HDD', '/c'])).toEqual(['/a,medium:SSD', '/b,medium:HDD', '/c']);
  expect(withMedia(['medium:SSD'])).toEqual(['medium:SSD']); // which readStorage refuses
  expect(readStorage(withMedia(['medium:SSD'])).refusals).toHaveLength(1);
});

describe('an address', () => {
  it.each([
    ['10.0.0.4:9050', { host: '10.0.0.4', port: 9050 }],
    ['be-4.example:9050', { host: 'be-4.example', port: 9050 }],
    ['[fd00::21]:9050', { host: 'fd00::21', port: 9050 }],
    ['10.0.0.4', null],
    ['10.0.0.4:0', null],
    ['10.0.0.4:70000', null],
    ['10.0.0.4:9050 ', null],
    ['fd00::21:9050', null],
    [`a'b:9050`, null],
    ['', null],
  ])('%s', (text, at) => {
    expect(parseNodeAddress(text)).toEqual(at);
  });

  it('of a cluster in IP mode is the one that its name has; several or none refuse', () => {
    const path = ['input', 'nodes', '0'];
    const inMode = (typed: string, resolved: readonly string[] | null, byName = false) =>
      addressInCluster(typed, { byName, resolved, path });
    expect(inMode('be-4', ['10.0.0.4'])).toEqual({ host: '10.0.0.4' });
    expect(inMode('be-4', ['10.0.0.4', '10.1.0.4'])).toMatchObject({
      code: 'INVALID_INPUT',
      message: 'be-4 has several addresses: 10.0.0.4, 10.1.0.4',
      path,
    });
    expect(inMode('be-4', null)).toMatchObject({
      code: 'INVALID_INPUT',
      message: 'be-4 has no address that is known here',
    });
    expect(inMode('10.0.0.4', null)).toEqual({ host: '10.0.0.4' });
    expect(inMode('be-4', null, true)).toEqual({ host: 'be-4' });
    expect([usesNames([{ host: 'fe-1' }]), usesNames([{ host: '10.0.0.1' }]), usesNames([])]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('a node that was added', () => {
  const at = (more = {}) => ({ ...backend('10.0.1.1'), version: '3.3.15', ...more });
  const row = (more = {}) => ({ row: be(1, more), frontend: undefined });

  it('may still come: nothing is said of it for 15 to 20 s, then the error of its heartbeat', () => {
    expect(notJoinedYet(at(), row({ alive: false, version: null }))).toBe(
      'be 10.0.1.1:9050 is not alive yet: nobody has heard of it',
    );
    expect(
      notJoinedYet(at(), row({ alive: false, errorMessage: 'java.net.ConnectException: Connection refused' })),
    ).toBe('be 10.0.1.1:9050 is not alive yet: java.net.ConnectException: Connection refused');
    expect(notJoinedYet(at(), row())).toBeNull();
  });

  it.each([
    ['of another cluster', { alive: false, errorMessage: 'Unmatched cluster id' }],
    ['with another token', { alive: false, errorMessage: 'Unmatched token' }],
    ['of another kind', { alive: false, errorMessage: 'expect to be BE but actually CN,Unmatched node type!' }],
    ['at another address', { alive: false, errorMessage: 'FE saved address not match backend address' }],
    ['with another version', { version: '3.4.6-1234567' }],
  ])('%s never will', (_name, more) => {
    expect(notJoinedYet(at(), row(more))).toMatchObject({ code: 'POSTCHECK_FAILED' });
  });

  it('that is gone from the cluster never will', () => {
    expect(notJoinedYet(at(), { row: undefined, frontend: undefined })).toMatchObject({ code: 'POSTCHECK_FAILED' });
  });

  it('as a frontend has joined only when it replays', () => {
    const frontend = (joined: boolean, replayedJournalId: number): FrontendRow => ({
      ...{ name: 'n', host: '10.0.0.4', editLogPort: 9010, httpPort: 8030, queryPort: 9030, rpcPort: 9020 },
      ...{ role: 'FOLLOWER', clusterId: '1', joined, alive: true, replayedJournalId },
      ...{ lastHeartbeatAt: null, errorMessage: null, startedAt: null, version: null },
    });
    const look = (joined: boolean, replayed: number) =>
      notJoinedYet({ ...follower('10.0.0.4'), version: null }, { row: fe(4), frontend: frontend(joined, replayed) });
    expect(look(false, 0)).toBe('fe 10.0.0.4:9010 has not joined yet');
    expect(look(true, 0)).toBe('fe 10.0.0.4:9010 has replayed nothing yet');
    expect(look(true, 12)).toBeNull();
  });
});

describe('the way back drops', () => {
  it('no backend that holds tablets, or of which that is not known', () => {
    expect(whyNotDrop(be(1, { tabletCount: 0 }), whole)).toBeNull();
    expect(whyNotDrop(be(1, { tabletCount: 1 }), whole)).toMatchObject({
      code: 'REPLICATION_AT_RISK',
      message: 'be 10.0.1.1:9050 holds 1 tablet',
    });
    expect(whyNotDrop(be(1, { tabletCount: null }), whole)).toMatchObject({ code: 'REPLICATION_AT_RISK' });
  });

  it('no leader, and no frontend without which the others elect nobody', () => {
    expect(whyNotDrop(leader, whole)).toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('leads now'),
    });
    expect(whyNotDrop(fe(2), whole)).toBeNull();
    const oneDown = [leader, fe(2), fe(3, { alive: false })];
    expect(whyNotDrop(fe(2), oneDown)).toMatchObject({ code: 'QUORUM_AT_RISK' });
    expect(whyNotDrop(fe(3, { alive: false }), oneDown)).toBeNull();
    expect(whyNotDrop(fe(2, { role: 'OBSERVER' }), oneDown)).toBeNull();
    expect(whyNotDrop(cn(1), [...whole, cn(1)])).toBeNull();
  });

  it('never the majority, whichever frontends live', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 7 }), fc.nat(6), (lives, at) => {
        const nodes = lives.map((alive, index) => fe(index + 1, { alive }));
        const node = nodes[at % nodes.length] ?? fe(1);
        const others = nodes.filter((other) => other !== node);
        const hasMajority = others.filter(({ alive }) => alive).length * 2 > others.length;
        expect(whyNotDrop(node, nodes) === null).toBe(hasMajority);
      }),
    );
  });
});

describe('the end of adding', () => {
  const failing = (...given: Parameters<typeof checksOfMembers>) =>
    checksOfMembers(...given)
      .filter(({ status }) => status === 'FAIL')
      .map(({ name, severity }) => `${severity} ${name}`);

  it('passes when every node is in and alive, with one version, a leader and odd voters', () => {
    expect(failing([backend('10.0.1.3')], whole, { wanted: 'in' })).toEqual([]);
    expect(failing([backend('10.0.1.9')], whole, { wanted: 'in' })).toEqual(['BLOCK node be 10.0.1.9:9050']);
    expect(failing([backend('10.0.1.1')], [fe(1), fe(2), be(1, { version: '3.4.0' })], { wanted: 'in' })).toEqual([
      'BLOCK leader',
      'BLOCK versions-uniform',
      'WARN voters-odd',
    ]);
  });

  it('of an undo wants them out; elsewhere says what is there', () => {
    expect(failing([backend('10.0.1.3')], whole, { wanted: 'out' })).toEqual(['BLOCK node be 10.0.1.3:9050']);
    expect(failing([backend('10.0.1.9')], whole, { wanted: 'out' })).toEqual([]);
    const half = [leader, be(1), be(9, { alive: false, errorMessage: 'Connection refused' })];
    expect(failing([backend('10.0.1.9')], half, { wanted: 'either' })).toEqual(['WARN node be 10.0.1.9:9050']);
  });
});
