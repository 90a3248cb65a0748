import type { HeartbeatCalls, HeartbeatReply } from '../contracts.ts';
import { httpGet } from '../http-client.ts';
import { callNode, javaText } from '../rpc.ts';
import type { FrontendContext } from './context.ts';
import { type Change, change, type Frontend, type Worker } from './meta/state.ts';

const periodMs = 5000;
/** A node is declared dead when this many rounds in a row failed. */
const failuresUntilDead = 4;

/** The leader's heartbeats: asks every node each round and writes what changed as one journal entry. */
export type Heartbeats = { round(fe: FrontendContext): Promise<void>; periodMs: number };

export function createHeartbeats(): Heartbeats {
  const failures = new Map<string, number>();
  const count = (key: string, failed: boolean) => {
    const next = failed ? (failures.get(key) ?? 0) + 1 : 0;
    failures.set(key, next);
    return next;
  };
  return {
    periodMs,
    async round(fe) {
      if (!fe.group.isLeader) {
        failures.clear();
        return;
      }
      const workers = [...fe.group.state.workers.values()];
      const frontends = [...fe.group.state.frontends.values()];
      const [workerNews, frontendNews] = await Promise.all([
        Promise.all(workers.map(async (worker) => ({ id: worker.id, patch: await askWorker(fe, worker, count) }))),
        Promise.all(
          frontends.map(async (frontend) => ({ name: frontend.name, patch: await askFrontend(fe, frontend, count) })),
        ),
      ]);
      await fe.group.update((state) => {
        const changes: Change[] = [];
        for (const { id, patch } of workerNews) {
          const now = state.workers.get(String(id));
          if (now) changes.push(change('workers', id, { ...now, ...patch }));
        }
        for (const { name, patch } of frontendNews) {
          const now = state.frontends.get(name);
          if (now) changes.push(change('frontends', name, { ...now, ...patch }));
        }
        return { changes, value: null };
      });
    },
  };
}

type Count = (key: string, failed: boolean) => number;

async function askWorker(fe: FrontendContext, worker: Worker, count: Count): Promise<Partial<Worker>> {
  const reply = await callWorker(fe, worker);
  if (reply.ok) {
    count(`worker ${worker.id}`, false);
    const { ok: _, ...told } = reply;
    return {
      ...told,
      alive: true,
      status: 'OK',
      errMsg: '',
      lastHeartbeatAt: Date.now(),
      tabletsReportedAt: Date.now(),
    };
  }
  if (reply.shutdown && fe.release.atLeast(3, 4) && worker.status !== 'DISCONNECTED') {
    count(`worker ${worker.id}`, false);
    return { alive: false, status: 'SHUTDOWN', errMsg: reply.error, lastHeartbeatAt: Date.now() };
  }
  if (count(`worker ${worker.id}`, true) < failuresUntilDead) return {};
  return { alive: false, status: 'DISCONNECTED', errMsg: reply.error };
}

async function callWorker(fe: FrontendContext, worker: Worker): Promise<HeartbeatReply> {
  const { settings } = fe.group.state;
  const request = {
    clusterId: settings.get('clusterId') ?? '',
    token: settings.get('token') ?? '',
    backendHost: worker.host,
    nodeType: worker.kind,
    epoch: fe.group.options.journal.vote.term,
  };
  const timeoutMs = fe.pace.atLeast(5000, 500);
  const target = { host: worker.host, port: worker.heartbeatPort };
  try {
    return await callNode<HeartbeatCalls, 'heartbeat'>(target, 'heartbeat', request, { timeoutMs });
  } catch (error) {
    return { ok: false, error: javaText(error), shutdown: false };
  }
}

/** Frontends are asked over HTTP on the leader's own http_port, which is why that port must be the same everywhere. */
async function askFrontend(fe: FrontendContext, frontend: Frontend, count: Count): Promise<Partial<Frontend>> {
  if (frontend.name === fe.self.name) {
    const { queryPort, rpcPort, startedAt } = fe.self;
    const own = { queryPort, rpcPort, startedAt, version: fe.release.text, errMsg: '' };
    return { ...own, alive: true, lastHeartbeatAt: Date.now(), replayedJournalId: fe.group.applied };
  }
  try {
    const answer = await fetchBootstrap(fe, frontend.host);
    if (answer.status !== 'OK') throw new Error(String(answer.msg ?? 'not ready'));
    count(`frontend ${frontend.name}`, false);
    return {
      alive: true,
      errMsg: '',
      lastHeartbeatAt: Date.now(),
      queryPort: Number(answer.queryPort),
      rpcPort: Number(answer.rpcPort),
      replayedJournalId: Number(answer.replayedJournalId),
      startedAt: Number(answer.feStartTime),
      version: String(answer.feVersion),
    };
  } catch (error) {
    if (count(`frontend ${frontend.name}`, true) < failuresUntilDead) return {};
    return { alive: false, errMsg: httpText(error) };
  }
}

async function fetchBootstrap(fe: FrontendContext, host: string): Promise<Record<string, unknown>> {
  const { settings } = fe.group.state;
  const query = `cluster_id=${settings.get('clusterId')}&token=${settings.get('token')}`;
  const url = `http://${host}:${fe.self.httpPort}/api/bootstrap?${query}`;
  const body: unknown = JSON.parse((await httpGet(url, fe.pace.atLeast(5000, 500))).body);
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

function httpText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'Connection refused' : error.message;
}
