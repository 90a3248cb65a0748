import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RemovedNode } from '../../../src/domain/cluster.ts';
import { isWithin, whyNotADirectory } from '../../../src/domain/deploy/directories.ts';
import type { Neighbour } from '../../../src/domain/deploy/found-there.ts';
import type { HostSurvey, NodeOnMachine } from '../../../src/domain/deploy/host-survey.ts';
import {
  type AroundLeft,
  dirsToPurge,
  type LeftNode,
  purgeConflicts,
  whyOtherwise,
} from '../../../src/domain/topology-change/purge.ts';

const node: LeftNode = {
  ...{ id: 'rmn_1', kind: 'BACKEND', host: '10.0.0.14', port: 9050, hostId: 'hst_1' },
  ...{ deployDir: '/opt/sr/be', dataDirs: ['/data1/sr', '/data2/sr'] },
};
const unknown = { unknown: 'nobody looked' };
const survey: HostSurvey = {
  ...{ hostId: 'hst_1', address: '10.0.0.14', user: 'sr', sudo: false, missingTools: [], addresses: unknown },
  ...{
    architecture: unknown,
    bootId: unknown,
    cpuCores: unknown,
    hasAvx2: unknown,
    memoryBytes: unknown,
    swapBytes: unknown,
  },
  ...{ hugePages: unknown, kernel: new Map(), openFiles: unknown, userProcesses: unknown, clock: unknown },
  ...{ java: unknown, listening: { value: [] }, nodes: { value: [] }, visibleNodes: [], places: [], paths: new Map() },
};
const around: AroundLeft = {
  host: { hostId: 'hst_1', address: '10.0.0.14', hostKeyFingerprint: 'SHA256:a' },
  survey,
  neighbours: [],
  otherLeft: [],
};
const neighbour: Neighbour = {
  ...{ id: 'nod_9', clusterId: 'clu_2', kind: 'BACKEND', host: '10.0.0.14', port: 9150, httpPort: null },
  ...{
    queryPort: null,
    hostId: 'hst_7',
    deployDir: '/opt/other/be',
    hostAddress: '10.0.0.14',
    hostKeyFingerprint: null,
  },
};
const running: NodeOnMachine = {
  ...{
    kind: 'BACKEND',
    pid: 7,
    deployDir: { value: '/opt/other/be' },
    user: 'sr',
    unit: { value: null },
    boundTo: { value: [] },
  },
  ports: new Map([['heartbeat_service_port', { value: 9150 }]]),
  dataDirs: { value: ['/data9/sr'] },
};

const why = (of: Partial<AroundLeft> = {}, left: Partial<LeftNode> = {}, alsoBinaries = false) =>
  purgeConflicts({ ...node, ...left }, alsoBinaries, { ...around, ...of }).map(({ code, message, hint }) => {
    expect({ code, hint }).toEqual({
      code: 'PRECONDITION_FAILED',
      hint: expect.stringMatching(/^Nothing was deleted/),
    });
    return message;
  });
const seeing = (nodes: readonly NodeOnMachine[], of: Partial<HostSurvey> = {}) => ({
  survey: { ...survey, nodes: { value: nodes }, visibleNodes: nodes, ...of },
});
const left = (of: Partial<RemovedNode>): RemovedNode => ({
  ...{ id: 'rmn_2', clusterId: 'clu_1', kind: 'FRONTEND', host: '10.0.0.14', port: 9010, dataDirs: [], identities: {} },
  ...{ place: { hostId: 'hst_1', deployDir: '/opt/sr/fe', unit: null }, processEnded: true, removedAt: new Date(0) },
  ...{ runId: 'run_1', purgedAt: null },
  ...of,
});

describe('the data of a node that has left may be deleted', () => {
  it('where nobody else is, and beside others', () => {
    expect(why()).toEqual([]);
    expect(
      why({ neighbours: [neighbour], ...seeing([running]), otherLeft: [left({ dataDirs: ['/meta/fe'] })] }),
    ).toEqual([]);
  });

  it('once more, where the same node left twice', () => {
    const before = left({ kind: 'BACKEND', port: 9050, dataDirs: node.dataDirs });
    expect(why({ otherLeft: [before] })).toEqual([]);
  });

  it('where another machine has the same paths', () => {
    const far = { ...neighbour, host: '10.0.0.99', hostAddress: '10.0.0.99', deployDir: '/data1/sr' };
    expect(why({ neighbours: [far] })).toEqual([]);
  });
});

describe('nothing is deleted', () => {
  it('of a node whose address is in a registered cluster again, in whichever case it is written', () => {
    const again = { ...neighbour, host: 'BE-4.example', hostAddress: null, hostId: null, port: 9050 };
    expect(why({ neighbours: [again] }, { host: 'be-4.example' })).toContainEqual(
      expect.stringMatching(/is in a registered cluster again/),
    );
  });

  it.each([
    ['/data1/sr', /\/data1\/sr is the deploy directory of be/],
    ['/data1/sr/deep/be', /lie within each other/],
    ['/data1', /lie within each other/],
  ])('where a known node of any cluster is in %s', (deployDir, words) => {
    expect(why({ neighbours: [{ ...neighbour, deployDir }] })).toContainEqual(expect.stringMatching(words));
    const byKey = { ...neighbour, deployDir, host: 'x', hostAddress: 'y', hostKeyFingerprint: 'SHA256:a' };
    expect(why({ neighbours: [byKey] })).toContainEqual(expect.stringMatching(words));
    expect(why(seeing([{ ...running, dataDirs: { value: [deployDir] } }]))).not.toEqual([]);
    const place = { ...running, deployDir: '/opt/other/be', dataDirs: { value: [deployDir] } };
    expect(why(seeing([], { places: [place] }))).not.toEqual([]);
    expect(why({ otherLeft: [left({ dataDirs: [deployDir] })] })).not.toEqual([]);
  });

  it('where what another node takes cannot be told', () => {
    expect(why(seeing([{ ...running, dataDirs: unknown }]))).toContainEqual(expect.stringMatching(/cannot be told/));
    expect(why(seeing([], { nodes: { unknown: '/proc hides' } }))).toContainEqual(
      expect.stringMatching(/\/proc hides/),
    );
    const stranger = { ...neighbour, hostId: null, deployDir: null };
    expect(why({ neighbours: [stranger] })).toContainEqual(expect.stringMatching(/attach it with attachHosts/));
    // Seen by its process, it shows its directories itself.
    expect(why({ neighbours: [stranger], ...seeing([running]) })).toEqual([]);
  });

  it('of directories that were not recorded, hold the binaries, or lie within each other', () => {
    expect(why({}, { dataDirs: [] })).toEqual([expect.stringMatching(/was not known when it left/)]);
    expect(why({}, { dataDirs: ['/opt/sr'] })).toContainEqual(expect.stringMatching(/holds its deploy directory/));
    expect(why({}, { dataDirs: ['/d/a', '/d/a/b'] })).toContainEqual(expect.stringMatching(/lie within each other/));
    expect(dirsToPurge(node, true).at(-1)).toEqual({ path: '/opt/sr/be', what: 'binaries' });
    expect(dirsToPurge(node, false).map(({ what }) => what)).toEqual(['data', 'data']);
    const inside = { ...neighbour, deployDir: '/opt/sr/be/second' };
    expect([why({ neighbours: [inside] }), why({ neighbours: [inside] }, {}, true)]).toEqual([
      [],
      [expect.any(String)],
    ]);
  });

  it('whatever the paths are, of the system, of everybody, or of anybody else', () => {
    const name = fc.constantFrom('data', 'opt', 'usr', 'lib', 'etc', 'home', 'a', 'b', '..', '.', '', 'x y', '$(id)');
    const path = fc.array(name, { minLength: 0, maxLength: 4 }).map((names) => `/${names.join('/')}`);
    fc.assert(
      fc.property(path, path, path, fc.boolean(), (dir, theirs, home, alsoBinaries) => {
        const given = { neighbours: [{ ...neighbour, deployDir: theirs }] };
        if (why(given, { dataDirs: [dir], deployDir: home }, alsoBinaries).length > 0) return;
        for (const each of alsoBinaries ? [dir, home] : [dir]) {
          expect(whyNotADirectory(each)).toBeNull();
          expect(isWithin(each, theirs) || isWithin(theirs, each)).toBe(false);
          for (const system of ['/usr/lib', '/etc', '/lib']) expect(isWithin(each, system)).toBe(false);
          for (const shared of ['/', '/usr', '/home', '/opt']) expect(each).not.toBe(shared);
        }
        expect(isWithin(home, dir)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what was counted', () => {
  it('may differ by a little, may shrink once deleting has begun, and may never grow', () => {
    const planned = { files: 10_000, bytes: 10_000_000_000 };
    expect(whyOtherwise(planned, planned, false)).toBeNull();
    expect(whyOtherwise(planned, { files: 10_050, bytes: 10_000_000_000 }, false)).toBeNull();
    expect(whyOtherwise(planned, { files: 5_000, bytes: 5_000_000_000 }, false)).toMatch(/10000 files/);
    expect(whyOtherwise(planned, { files: 5_000, bytes: 5_000_000_000 }, true)).toBeNull();
    expect(whyOtherwise(planned, { files: 20_000, bytes: 10_000_000_000 }, true)).toMatch(/20000 with/);
    expect(whyOtherwise(planned, { files: 10_000, bytes: 20_000_000_000 }, false)).not.toBeNull();
    expect(whyOtherwise({ files: null, bytes: null }, planned, false)).toBeNull();
  });
});
