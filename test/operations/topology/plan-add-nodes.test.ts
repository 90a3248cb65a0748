import { describe, expect, it } from 'vitest';
import type { NodeKind, ObservedNode } from '../../../src/domain/cluster.ts';
import type { Refusal, StepSpec } from '../../../src/domain/plan.ts';
import { storageDirsOf } from '../../../src/operations/topology/fields.ts';
import type { NewNodeFacts } from '../../../src/operations/topology/new-nodes/facts.ts';
import { type AddWish, planAddNodes } from '../../../src/operations/topology/new-nodes/plan.ts';
import { be, fe } from '../../domain/topology-change/members.ts';
import { addingTo, newHost, reported, wantedHost } from './builders.ts';

/* What the plans of adding nodes say, with facts written by hand: no cluster and no host is asked, so nothing can be sent. */

const own = { version: reported };
const three = [fe(1, { ...own, role: 'LEADER' }), fe(2, own), fe(3, own), be(1, own), be(2, own), be(3, own)];

function wish(kind: NodeKind, over: Partial<AddWish> = {}): AddWish {
  return {
    ...{ kind, role: kind === 'FRONTEND' ? 'FOLLOWER' : null, deployDir: '/opt/sr/node', conf: [], systemd: false },
    ...{ metaDir: kind === 'FRONTEND' ? '/data/meta' : null, storage: kind === 'BACKEND' ? ['/data/be'] : [] },
    ...{ acceptChecks: [], location: null },
    ...over,
  };
}

function planned(given: AddWish, facts: NewNodeFacts): readonly StepSpec[] {
  const result = planAddNodes(given, facts);
  if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
  return result.steps;
}

const on = (...addresses: readonly string[]) => ({ hosts: addresses.map(wantedHost) });

describe('several nodes of one request', () => {
  it('workers come side by side, each in a lane of its own that ends when it has joined', () => {
    const steps = planned(wish('BACKEND'), addingTo(three, on('10.9.0.4', '10.9.0.5')));
    const lanes = Map.groupBy(steps, ({ lane }) => lane?.name);
    expect([...lanes.keys()]).toEqual(['be 10.9.0.4:9050', 'be 10.9.0.5:9050']);
    for (const [name, lane] of lanes) {
      expect(lane.map(({ lane: of }) => of?.width)).toEqual(lane.map(() => 10));
      expect(lane.at(0)?.kind).toBe('claimPlace');
      expect(lane.at(-1)?.kind).toBe('awaitJoined');
      const host = name?.slice('be '.length, -':9050'.length);
      expect(lane.filter(({ kind }) => kind === 'addToCluster').map(({ params }) => params.host)).toEqual([host]);
    }
  });

  it('frontends come one at a time: nothing of the second before the first has joined', () => {
    const hosts = ['10.9.0.4', '10.9.0.5'];
    const steps = planned(wish('FRONTEND'), addingTo(three, on(...hosts)));
    const [first, second] = hosts.map((host) => steps.filter(({ lane }) => lane?.name === `fe ${host}:9010`));
    expect(new Set(steps.map(({ lane }) => `${lane?.stage} ${lane?.width}`))).toEqual(new Set(['Add frontends 1']));
    expect(steps).toEqual([...(first ?? []), ...(second ?? [])]);
    expect(first?.at(-1)?.kind).toBe('awaitJoined');
    // Each of them is helped by the leader, since the other one may never come.
    const helpers = steps.filter(({ kind }) => kind === 'startNewNode').map(({ params }) => params.helper);
    expect(helpers).toEqual(['10.0.0.1:9010', '10.0.0.1:9010']);
  });

  it('nothing is planned for any of them where one of them is refused', () => {
    const facts = addingTo(three, { hosts: [wantedHost('10.9.0.4'), { ...wantedHost('10.9.0.5'), attached: [] }] });
    expect(planAddNodes(wish('BACKEND'), facts)).toEqual({
      refusals: [expect.objectContaining({ code: 'CREDENTIAL_MISSING', path: ['input', 'hosts', '1'] })],
    });
  });
});

it('a compute node keeps its cache in its deploy directory where nothing is named', () => {
  expect(storageDirsOf({ deployDir: '/opt/cn/', storage: [] })).toEqual(['/opt/cn/storage']);
  expect(storageDirsOf({ deployDir: '/opt/cn', storage: ['/c1', 'medium:SSD', '/c2'] })).toEqual(['/c1', '/c2']);
  const conf = planned(wish('COMPUTE_NODE'), addingTo(three)).find(({ kind }) => kind === 'writeConf');
  expect(conf?.params.conf).toContain('storage_root_path = /opt/sr/node/storage');
});

describe('a plan for new nodes is refused, with a hint', () => {
  type Case = {
    readonly of?: AddWish;
    readonly among?: readonly ObservedNode[];
    readonly facts?: Partial<NewNodeFacts>;
  };
  const host = wantedHost(newHost);
  const [attached] = host.attached;
  if (attached === undefined || host.survey === null || 'unknown' in host.survey)
    throw new Error('a host that was looked at');
  const { value: survey } = host.survey;
  const { release } = addingTo(three);
  if (release === null) throw new Error('a release');

  it.each<[string, Case, Refusal['code'], RegExp]>([
    [
      'a host without SSH access',
      { facts: { hosts: [{ ...host, attached: [] }] } },
      'CREDENTIAL_MISSING',
      /no SSH access/,
    ],
    [
      'a host that is attached twice',
      { facts: { hosts: [{ ...host, attached: [attached, { ...attached, id: 'hst_2', port: 2222 }] }] } },
      'PRECONDITION_FAILED',
      /attached by several SSH ports: 22, 2222/,
    ],
    [
      'a host that did not answer',
      { facts: { hosts: [{ ...host, survey: { unknown: 'timed out' } }] } },
      'PRECONDITION_FAILED',
      /could not be looked at: timed out/,
    ],
    [
      'a name of several addresses',
      { facts: { hosts: [{ ...host, address: 'be-4.example', resolved: ['10.9.0.1', '10.9.0.2'] }] } },
      'INVALID_INPUT',
      /several addresses/,
    ],
    [
      'a name without an address',
      { facts: { hosts: [{ ...host, address: 'be-4.example', resolved: null }] } },
      'INVALID_INPUT',
      /has no address that is known here/,
    ],
    ['a release that nobody registered', { facts: { release: null } }, 'NOT_FOUND', /has no release 3\.5\.0/],
    [
      'an archive without the part',
      { facts: { release: { ...release, contents: ['FRONTEND'] } } },
      'NOT_FOUND',
      /has no backend in it/,
    ],
    [
      'another version than the cluster has',
      { facts: { version: '3.4.6', release: { ...release, version: '3.4.6' } } },
      'PRECONDITION_FAILED',
      /The cluster runs 3\.5\.0, and a new node would run 3\.4\.6/,
    ],
    [
      'a cluster whose version cannot be told',
      { among: three.map((node) => ({ ...node, version: null })), facts: { version: null, release: null } },
      'PRECONDITION_FAILED',
      /cannot be told/,
    ],
    [
      'a location where the version has none',
      {
        of: wish('BACKEND', { location: 'rack:r1' }),
        among: three.map((node) => ({ ...node, version: '3.1.0-a' })),
        facts: { version: '3.1.0', release: { ...release, version: '3.1.0' } },
      },
      'PRECONDITION_FAILED',
      /3\.1\.0 has no labels\.location/,
    ],
    [
      'another http_port than the other frontends have',
      { of: wish('FRONTEND', { role: 'OBSERVER', conf: ['http_port = 8031'] }) },
      'INVALID_INPUT',
      /have http_port 8030/,
    ],
    [
      'a unit where nobody becomes root',
      {
        of: wish('BACKEND', { systemd: true }),
        facts: { hosts: [{ ...host, survey: { value: { ...survey, sudo: false } } }] },
      },
      'PREFLIGHT_FAILED',
      /needs root/,
    ],
    [
      'a machine that cannot run it',
      { facts: { hosts: [{ ...host, survey: { value: { ...survey, hasAvx2: { value: false } } } }] } },
      'PREFLIGHT_FAILED',
      /AVX2|avx2/,
    ],
    [
      'a port that something listens on',
      {
        facts: {
          hosts: [
            { ...host, survey: { value: { ...survey, listening: { value: [{ address: '0.0.0.0', port: 9060 }] } } } },
          ],
        },
      },
      'PRECONDITION_FAILED',
      /something listens on 9060/,
    ],
    ['an even number of voters', { of: wish('FRONTEND') }, 'QUORUM_AT_RISK', /4 frontends would vote/],
  ])('%s', (_case, { of = wish('BACKEND'), among = three, facts }, code, words) => {
    const result = planAddNodes(of, addingTo(among, facts));
    const refusals = 'refusals' in result ? result.refusals : [];
    expect(refusals).toContainEqual(expect.objectContaining({ code, message: expect.stringMatching(words) }));
    expect(refusals.filter(({ hint }) => hint.trim() === '')).toEqual([]);
  });
});

it('accepts a check by its name, and says in the plan what it found', () => {
  const host = wantedHost(newHost);
  if (host.survey === null || 'unknown' in host.survey) throw new Error('a host that was looked at');
  const survey = { value: { ...host.survey.value, openFiles: { value: { soft: 1024, hard: 1024 } } } };
  const facts = addingTo(three, { hosts: [{ ...host, survey }] });
  const refused = planAddNodes(wish('BACKEND'), facts);
  expect('refusals' in refused && refused.refusals.map(({ hint }) => hint)).toContainEqual(
    expect.stringMatching(/or accept it: acceptChecks open-files$/),
  );
  const result = planAddNodes(wish('BACKEND', { acceptChecks: ['open-files'] }), facts);
  expect('refusals' in result ? result.refusals : result.notes).toContainEqual(expect.stringMatching(/^open-files: /));
});
