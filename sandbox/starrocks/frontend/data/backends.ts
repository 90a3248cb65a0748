import type { BackendCalls } from '../../contracts.ts';
import { callNode } from '../../rpc.ts';
import type { FrontendContext } from '../context.ts';
import type { Worker } from '../meta/state.ts';

/** Asks a backend on its be_port. */
export function callBackend<M extends keyof BackendCalls>(
  fe: FrontendContext,
  backendId: number,
  method: M,
  request: BackendCalls[M][0],
  signal?: AbortSignal,
): Promise<BackendCalls[M][1]> {
  const worker = fe.group.state.workers.get(String(backendId));
  if (!worker) return Promise.reject(new Error(`backend ${backendId} not found`));
  const timeoutMs = fe.pace.atLeast(60_000, 3000);
  const target = { host: worker.host, port: worker.bePort };
  return callNode<BackendCalls, M>(target, method, request, signal ? { timeoutMs, signal } : { timeoutMs });
}

/**
 * Dead for longer than `tablet_sched_be_down_tolerate_time_s`. Until then StarRocks waits for it: its replicas are not made
 * anew, and the health of tablets counts them as if it were there.
 */
export function isGivenUp(fe: FrontendContext, { alive, lastHeartbeatAt }: Worker, isColocated = false): boolean {
  const key = isColocated ? 'tablet_sched_colocate_be_down_tolerate_time_s' : 'tablet_sched_be_down_tolerate_time_s';
  const toleratedMs = fe.pace.ms(fe.config.number(key) * 1000);
  return !alive && Date.now() - (lastHeartbeatAt ?? 0) > toleratedMs;
}

export function isAlive(fe: FrontendContext, backendId: number): boolean {
  return workerOf(fe, backendId)?.alive === true;
}

export function workerOf(fe: FrontendContext, backendId: number): Worker | null {
  return fe.group.state.workers.get(String(backendId)) ?? null;
}
