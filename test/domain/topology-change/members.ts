import type { ObservedNode } from '../../../src/domain/cluster.ts';
import type { Member } from '../../../src/domain/topology-change/member.ts';

export function observed(kind: ObservedNode['kind'], host: string, more: Partial<ObservedNode> = {}): ObservedNode {
  return {
    kind,
    host,
    port: kind === 'FRONTEND' ? 9010 : 9050,
    httpPort: kind === 'FRONTEND' ? 8030 : 8040,
    queryPort: kind === 'FRONTEND' ? 9030 : null,
    role: kind === 'FRONTEND' ? 'FOLLOWER' : null,
    alive: true,
    decommissioning: false,
    version: '3.3.15-abcdef1',
    startedAt: '2026-01-01 00:00:00',
    tabletCount: kind === 'BACKEND' ? 0 : null,
    maxDiskUsedPercent: null,
    location: null,
    errorMessage: null,
    ...more,
  };
}

export const fe = (n: number, more: Partial<ObservedNode> = {}) => observed('FRONTEND', `10.0.0.${n}`, more);
export const be = (n: number, more: Partial<ObservedNode> = {}) => observed('BACKEND', `10.0.1.${n}`, more);
export const cn = (n: number, more: Partial<ObservedNode> = {}) => observed('COMPUTE_NODE', `10.0.2.${n}`, more);
export const leader = fe(1, { role: 'LEADER' });
/** Three frontends, three backends. */
export const whole = [leader, fe(2), fe(3), be(1), be(2), be(3)];

export const follower = (host: string, port = 9010): Member => ({ kind: 'FRONTEND', role: 'FOLLOWER', host, port });
export const observer = (host: string): Member => ({ kind: 'FRONTEND', role: 'OBSERVER', host, port: 9010 });
export const backend = (host: string, port = 9050): Member => ({ kind: 'BACKEND', role: null, host, port });
export const computeNode = (host: string): Member => ({ kind: 'COMPUTE_NODE', role: null, host, port: 9050 });
