import type { HeartbeatReply, HeartbeatRequest } from '../contracts.ts';
import type { Release } from '../release.ts';
import type { Identity } from './identity.ts';
import type { Pressure } from './pressure.ts';
import type { Storage } from './storage.ts';

type Options = {
  host: string;
  nodeType: 'BACKEND' | 'COMPUTE NODE';
  release: Release;
  ports: { bePort: number; httpPort: number; brpcPort: number };
  startedAt: number;
  identity: Identity;
  storage: Storage;
  isLeaving: () => boolean;
  /** True while nothing is to come through to it. */
  isLost: () => boolean;
  cpuCores: number;
  memLimitBytes: number;
  pressure: () => Pressure;
};

/** Answers a leader, or refuses it with the words of the real thing (10.2 of the reference). */
export function createHeartbeatService(options: Options): (request: HeartbeatRequest) => HeartbeatReply {
  let newestEpoch = 0;
  return (request) => {
    if (options.isLost()) throw new Error('java.net.SocketTimeoutException: Read timed out');
    const refused = refusal(request, options, newestEpoch);
    if (refused !== null) return { ok: false, error: refused, shutdown: options.isLeaving() };
    newestEpoch = Math.max(newestEpoch, request.epoch);
    const { release, ports, startedAt, cpuCores, memLimitBytes, storage } = options;
    const disks = storage.usage();
    const { memUsedShare, cpuUsedShare, compactionScore: maxCompactionScore } = options.pressure();
    const told = { memUsedShare, cpuUsedShare, maxCompactionScore, runningQueries: 0, disks };
    return { ok: true, version: release.text, ...ports, startedAt, cpuCores, memLimitBytes, ...told };
  };
}

function refusal(request: HeartbeatRequest, options: Options, newestEpoch: number): string | null {
  if (options.isLeaving()) return 'BE is shutting down';
  if (request.epoch < newestEpoch) return 'Out-dated epoch';
  if (options.release.atLeast(3, 4) && request.nodeType !== options.nodeType) {
    const short = (type: string) => (type === 'BACKEND' ? 'BE' : 'CN');
    return `expect to be ${short(request.nodeType)} but actually ${short(options.nodeType)},Unmatched node type!`;
  }
  if (request.backendHost !== options.host && request.backendHost !== 'localhost') {
    return 'FE saved address not match backend address';
  }
  return options.identity.check(request.clusterId, request.token);
}
