import type { ImpossibleUser } from '../adapters/http/metrics-page.ts';
import { wantFamilies } from '../adapters/http/page-families.ts';
import type { Scrape } from '../adapters/http/port.ts';
import type { Reading } from '../adapters/reading.ts';
import type { ClusterNode } from '../domain/cluster.ts';
import { catalogue } from '../domain/metrics/catalogue/index.ts';
import type { Counters } from '../domain/metrics/counters.ts';
import { type Derived, deriveMeasurements } from '../domain/metrics/derive.ts';
import type { FactAnswers } from '../domain/metrics/facts.ts';
import { followAttempts, type LoginAttempt, newAttempts } from '../domain/metrics/login-attempts.ts';
import type { Page } from '../domain/metrics/page.ts';
import { wantedFamilies } from '../domain/metrics/wanted.ts';
import { nodeLabel } from '../domain/node-identity.ts';
import { messageOf } from '../errors.ts';

/** What one look measured of the nodes of a cluster, and what could not be measured, and why. */
export type WatchedMetrics = Omit<Derived, 'counters'> & {
  readonly at: Date;
  /** Names under which somebody tried to log in and that no user can have, by the id of the frontend that shows them. */
  readonly impossibleUsers: ReadonlyMap<string, readonly ImpossibleUser[]>;
  /** Those of them that would change what a page says and that came in the last hour; null = no frontend sent its page. */
  readonly loginAttempts: ReadonlyMap<string, readonly LoginAttempt[]> | null;
};

/** What a node answered over HTTP. */
export type NodeAnswer = {
  /** Why the node's health is in doubt; null = it is well, or cannot be asked. */
  readonly problem: string | null;
  /** False = the time of the look was over before the node could answer: nothing follows about it. */
  readonly isAsked: boolean;
  readonly page: Page;
  readonly impossibleUsers: readonly ImpossibleUser[];
};

const healthTimeoutMs = 3_000;
/** A page of megabytes from a busy node takes longer than the answer that it is well. */
const pageTimeoutMs = 5_000;

const families = wantFamilies(wantedFamilies(catalogue));

/**
 * Asks a node for its metrics, and for its health only when no page came: a node that sends its page is well. What a node
 * does or leaves is part of the answer; nothing is thrown.
 */
export async function askNode(
  http: Pick<Reading['http'], 'health' | 'scrape'>,
  node: ClusterNode,
  { signal, now }: { readonly signal: AbortSignal; readonly now: () => Date },
): Promise<NodeAnswer> {
  const { host, httpPort } = node;
  if (httpPort === null) return without('its HTTP port is not known', { problem: null });
  const address = { host, httpPort };
  try {
    const scrape = await http.scrape(address, { families }, { signal, timeoutMs: pageTimeoutMs });
    if (scrape.kind === 'PAGE') return { problem: null, isAsked: true, ...readPage(scrape, now()) };
    const problem = await askHealth(http, address, signal);
    return without(scrape.message, { problem: signal.aborted ? scrape.message : problem });
  } catch (error) {
    if (signal.aborted) return { ...without('the time of the look was over', { problem: null }), isAsked: false };
    return without(messageOf(error), { problem: messageOf(error) });
  }
}

function without(pageProblem: string, { problem }: { readonly problem: string | null }): NodeAnswer {
  return { problem, isAsked: true, page: { problem: pageProblem }, impossibleUsers: [] };
}

function readPage({ samples, isCut, impossibleUsers }: Extract<Scrape, { kind: 'PAGE' }>, at: Date) {
  return { page: { samples, isCut, at }, impossibleUsers };
}

async function askHealth(
  http: Pick<Reading['http'], 'health'>,
  address: { readonly host: string; readonly httpPort: number },
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const isWell = await http.health(address, { signal, timeoutMs: healthTimeoutMs });
    return isWell ? null : '/api/health does not answer 200';
  } catch (error) {
    return messageOf(error);
  }
}

export type Measuring = {
  readonly known: readonly ClusterNode[];
  /** By the id of the node. */
  readonly answers: ReadonlyMap<string, NodeAnswer>;
  /** `fe 10.0.0.1:9010`; null = none leads, or nobody knows. */
  readonly leader: string | null;
  /** By the label of a node: whether the cluster shows it alive; a node that is missing is as it was last seen. */
  readonly alive: ReadonlyMap<string, boolean>;
  readonly before: Counters;
  readonly facts: FactAnswers;
  readonly at: Date;
  readonly everyMs: number;
};

/** Pure: what follows from the pages of all nodes. */
export function measure(measuring: Measuring): { readonly metrics: WatchedMetrics; readonly counters: Counters } {
  const { known, answers, leader, alive, before, facts, at, everyMs } = measuring;
  const nodes = known.map((node) => ({ ...node, alive: alive.get(nodeLabel(node)) ?? node.alive }));
  const { counters, ...derived } = deriveMeasurements({
    ...{ nodes, before, facts, at, everyMs },
    leader: known.find((node) => nodeLabel(node) === leader)?.id ?? null,
    pages: new Map([...answers].map(([id, { page }]) => [id, page])),
  });
  const impossibleUsers = new Map(
    [...answers].flatMap(([id, { impossibleUsers: users }]) => (users.length === 0 ? [] : [[id, users]])),
  );
  const followed = withAttempts(counters, measuring);
  const loginAttempts = attemptsOf(followed, measuring);
  return { metrics: { ...derived, at, impossibleUsers, loginAttempts }, counters: followed };
}

/** A page shows at most so many of these names. */
const namesOnPage = 20;

function withAttempts(counters: Counters, { known, answers, before, at }: Measuring): Counters {
  const followed = known.flatMap(({ id, kind }) => {
    const [node, answer] = [counters[id], answers.get(id)];
    if (kind !== 'FRONTEND' || node === undefined || answer === undefined || 'problem' in answer.page) return [];
    const names = answer.impossibleUsers.flatMap(({ name, isHostile }) => (isHostile ? [name] : []));
    const isWhole = answer.page.isCut === false && answer.impossibleUsers.length < namesOnPage;
    // A frontend that was looked at by a version that did not follow names is looked at for the first time.
    const attempts = followAttempts(before[id]?.attempts, { names, isWhole, at });
    return [[id, { ...node, attempts }] as const];
  });
  return { ...counters, ...Object.fromEntries(followed) };
}

function attemptsOf(counters: Counters, { known, answers, at }: Measuring): WatchedMetrics['loginAttempts'] {
  const frontends = known.filter(({ kind }) => kind === 'FRONTEND');
  const isTold = frontends.some(({ id }) => 'samples' in (answers.get(id)?.page ?? {}));
  if (!isTold) return null;
  return new Map(frontends.map(({ id }) => [id, newAttempts(counters[id]?.attempts ?? {}, at)]));
}
