import { describe, expect, it } from 'vitest';
import { replicaNotes } from '../../../src/domain/backup/replica-notes.ts';
import type { TabletHealth } from '../../../src/domain/tablet-health.ts';

const whole: TabletHealth = {
  ...{ databases: 1, tables: 2, tablets: 12, replicas: 36, unhealthyTablets: 0, inconsistentTablets: 0 },
  ...{ cloningTablets: 0, errorStateTablets: 0, ownUnhealthyTablets: 0, deadBackends: [] },
};
const dead = (label: string, replicas = 41) => ({ label, replicas });

describe('what a plan says of replicas', () => {
  it('is nothing where all are there, also when only tablets of StarRocks itself miss some', () => {
    expect(replicaNotes(whole)).toEqual([]);
    expect(replicaNotes({ ...whole, unhealthyTablets: 107, ownUnhealthyTablets: 107 })).toEqual([]);
  });

  it('is that it is not known, where it could not be read', () => {
    expect(replicaNotes(null)).toEqual([expect.stringMatching(/^Not known: .*backends are down.*tablets miss/)]);
  });

  it('names the backends that are down, and what that does to a backup', () => {
    expect(replicaNotes({ ...whole, deadBackends: [dead('be 192.0.2.22:9050')] })).toEqual([
      '1 backend is down (be 192.0.2.22:9050 with 41 replicas): BACKUP fails where a tablet has no healthy replica, and may wait until its timeout where it chooses one there',
    ]);
    const two = replicaNotes({ ...whole, deadBackends: [dead('a', 1), dead('b')] });
    expect(two).toEqual([expect.stringMatching(/^2 backends are down \(a with 1 replica, b with 41 replicas\)/)]);
  });

  it('counts the tablets of users that miss a replica', () => {
    expect(replicaNotes({ ...whole, unhealthyTablets: 4, ownUnhealthyTablets: 3 })).toEqual([
      '1 tablet of the cluster misses a healthy replica: BACKUP fails where a tablet has none',
    ]);
    const both = replicaNotes({ ...whole, unhealthyTablets: 5, deadBackends: [dead('a')] });
    expect(both).toEqual([
      expect.stringMatching(/^1 backend is down/),
      expect.stringMatching(/^5 tablets of the cluster miss a healthy replica/),
    ]);
  });
});
