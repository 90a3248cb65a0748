import { AppError, messageOf } from '../../errors.ts';
import { type Deadline, startDeadline } from '../deadline.ts';
import { readLimited } from '../read-limited.ts';
import { readPage } from './exposition.ts';
import type { FrontendHa, HttpCall, NodeAddress, NodeHttp } from './port.ts';
import { createScraper } from './scrape.ts';

const defaultTimeoutMs = 3_000;
/** A frontend with very many tables answers some megabytes; more than this is something else. */
const maxBodyBytes = 32 * 1_048_576;

export type NodeHttpOptions = {
  readonly maxBodyBytes?: number;
};

/** HTTP to StarRocks nodes. None of these paths needs a login, so no login is ever sent. */
export function createNodeHttp(options: NodeHttpOptions = {}): NodeHttp {
  const limit = options.maxBodyBytes ?? maxBodyBytes;
  const scrape = createScraper();
  return {
    async health(node, call) {
      const { status } = await get(node, { path: '/api/health', call, limit });
      return status === 200;
    },
    async frontendHa(node, call) {
      const { status, body } = await get(node, { path: '/api/show_meta_info?action=SHOW_HA', call, limit });
      const ha = status === 200 ? parseHa(body.toString()) : null;
      if (ha !== null) return ha;
      throw failed(node, `answers HTTP ${status} and not the state of a frontend`);
    },
    async metrics(node, call) {
      const { status, body } = await get(node, { path: '/metrics', call, limit });
      if (status !== 200) throw failed(node, `answers HTTP ${status} where its metrics should be`);
      const { samples, isCut } = readPage(body);
      if (isCut) throw failed(node, 'answers a page of metrics that breaks off');
      if (samples.length === 0) throw failed(node, 'answers no metric at all');
      return samples;
    },
    scrape: async (node, order, call = {}) => scrape(urlOf(node, '/metrics'), order, call),
  };
}

type Request = { readonly path: string; readonly call: HttpCall | undefined; readonly limit: number };
type Answer = { readonly status: number; readonly body: Buffer };

async function get(node: NodeAddress, { path, call = {}, limit }: Request): Promise<Answer> {
  const url = urlOf(node, path);
  const { timeoutMs = defaultTimeoutMs, signal } = call;
  const deadline = startDeadline({ what: `GET ${url.href}`, timeoutMs, signal });
  try {
    // A node never redirects; a server that does is not a node, and must not send us to another address.
    const response = await fetch(url, { signal: deadline.signal, redirect: 'error' });
    return { status: response.status, body: await readLimited(response.body ?? nothing(), limit) };
  } catch (error) {
    throw explain(error, { node, deadline });
  } finally {
    deadline.end();
  }
}

/** A host is only a name or an address: a text such as `a@b/c` would lead to another server. */
function urlOf({ host, httpPort }: NodeAddress, path: string): URL {
  const isAddress6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(host);
  if (!isAddress6 && !/^[\w.-]+$/.test(host))
    throw new AppError('INVALID_INPUT', `"${host}" is no host name or address`);
  const url = `http://${isAddress6 ? `[${host}]` : host}:${httpPort}${path}`;
  if (URL.canParse(url)) return new URL(url);
  throw new AppError('INVALID_INPUT', `"${host}" with port ${httpPort} is no address`);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function explain(error: unknown, { node, deadline }: { node: NodeAddress; deadline: Deadline }): AppError {
  if (deadline.signal.aborted && deadline.signal.reason instanceof AppError) return deadline.signal.reason;
  // `fetch failed` says nothing; the error's cause does.
  const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return failed(node, `cannot be reached over HTTP: ${messageOf(reason)}`, error);
}

function failed({ host, httpPort }: NodeAddress, what: string, cause?: unknown): AppError {
  return new AppError('HTTP_FAILED', `${host}:${httpPort} ${what}`, {
    hint: 'Check that the node runs, that this is its HTTP port, and that the network lets it through',
    retryable: true,
    cause,
  });
}

/** All values come as text; `master` is a host or `unknown`. */
function parseHa(body: string): FrontendHa | null {
  const fields = parseObject(body);
  const [role, journalId] = [fields?.role, Number(fields?.current_journal_id)];
  if (fields === null || typeof role !== 'string' || !Number.isSafeInteger(journalId)) return null;
  const leader = typeof fields.master === 'string' && !['', 'unknown'].includes(fields.master) ? fields.master : null;
  const checkpoint = wholeNumber(fields.last_checkpoint_version);
  const checkpointMs = wholeNumber(fields.last_checkpoint_time);
  return {
    role,
    leader,
    isReady: String(fields.is_ready) === 'true',
    journalId,
    checkpointJournalId: checkpoint,
    checkpointAt: checkpointMs === null || checkpointMs <= 0 ? null : new Date(checkpointMs),
  };
}

function wholeNumber(field: unknown): number | null {
  return typeof field === 'string' && /^-?\d{1,15}$/.test(field) ? Number(field) : null;
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
