import { Agent } from 'undici';
import { AppError, messageOf } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import { createSlots } from '../slots.ts';
import { createPageReader } from './page-reader.ts';
import type { HttpCall, NoPageReason, Scrape, ScrapeOrder } from './port.ts';

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 16 * 1_048_576;
const defaultAtOnce = 128;
/** A node that takes longer gives its place to the next one: what it holds by then is little. */
const placeMs = 1_000;
/** Until the attempt to connect is given up, if the time of the look is not over before. */
const connectMs = 10_000;
/** Longer than the time between two looks. */
const keepAliveMs = 60_000;

export type ScraperOptions = {
  /** How many nodes are asked at the same time, slow ones not counted. Default 128. */
  readonly atOnce?: number;
};

export type Scraper = (url: URL, order: ScrapeOrder, call: HttpCall) => Promise<Scrape>;

type Ended =
  | { readonly kind: 'ENDED'; readonly isWhole: boolean }
  | { readonly kind: 'NO_PAGE'; readonly reason: NoPageReason; readonly message: string };

/** Reads pages of metrics of very many nodes; see `NodeHttp.scrape`. */
export function createScraper({ atOnce = defaultAtOnce }: ScraperOptions = {}): Scraper {
  const places = createSlots(atOnce);
  // One connection to a node: what hangs is broken off before the next look, and a pool of them keeps a queue of 16 KB for
  // each node. Time limits are ours.
  const agent = new Agent({
    connections: 1,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectMs },
  });

  const ask = async (url: URL, order: ScrapeOrder, { timeoutMs = defaultTimeoutMs, signal }: HttpCall) => {
    const deadline = startDeadline({ what: `GET ${url.href}`, timeoutMs, signal });
    const startedAt = performance.now();
    try {
      const first = await askOnce(agent, { url, order, signal: deadline.signal });
      // A connection that was kept may have been closed by the node in the very moment.
      const last = first.isStale ? await askOnce(agent, { url, order, signal: deadline.signal }) : first;
      if (deadline.signal.aborted && isCanceled(deadline.signal.reason)) throw deadline.signal.reason;
      return { ...last.scrape, tookMs: performance.now() - startedAt };
    } finally {
      deadline.end();
    }
  };
  return async (url, order, call) => {
    const release = await takePlace(url, call.signal);
    const timer = setTimeout(release, placeMs);
    try {
      return await ask(url, order, call);
    } finally {
      clearTimeout(timer);
      release();
    }
  };

  async function takePlace(url: URL, signal = new AbortController().signal): Promise<() => void> {
    try {
      return await places.take(signal);
    } catch (cause) {
      throw new AppError('CANCELED', `GET ${url.href} was canceled`, { cause });
    }
  }
}

function isCanceled(reason: unknown): boolean {
  return reason instanceof AppError && reason.code === 'CANCELED';
}

type Asked = { readonly scrape: Scrape; readonly isStale: boolean };

/** One request. Never rejects: what goes wrong is told. */
function askOnce(
  agent: Agent,
  { url, order, signal }: { url: URL; order: ScrapeOrder; signal: AbortSignal },
): Promise<Asked> {
  const { families, maxBytes = defaultMaxBytes } = order;
  const reader = createPageReader(families);
  const where = url.host;
  let status: number | null = null;
  let bytes = 0;
  let isStale = false;
  let abort = (_reason: Error) => {};
  const { promise, resolve } = Promise.withResolvers<Ended>();

  const stop = (reason: NoPageReason, message: string) => {
    resolve({ kind: 'NO_PAGE', reason, message });
    abort(new Error(message));
  };
  const onAbort = () => stop('TOO_SLOW', messageOf(signal.reason));
  const tooLarge = () => stop('TOO_LARGE', `${where} answers more than ${maxBytes} bytes`);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });

  agent.dispatch(
    // HEAD is refused by a frontend (401), so a page is always asked for with GET.
    { origin: url.origin, path: url.pathname, method: 'GET' },
    {
      onRequestStart(controller) {
        abort = (reason) => controller.abort(reason);
        if (signal.aborted) abort(new Error('too late'));
      },
      onResponseStart(_controller, code, headers) {
        status = code;
        if (code !== 200) stop('REFUSED', `${where} answers HTTP ${code} where its metrics should be`);
        else if (Number(headers['content-length']) > maxBytes) tooLarge();
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.length;
        if (bytes > maxBytes) tooLarge();
        else reader.push(chunk);
      },
      onResponseEnd() {
        resolve({ kind: 'ENDED', isWhole: true });
      },
      onResponseError(_controller, error) {
        if (status === 200) return resolve({ kind: 'ENDED', isWhole: false });
        isStale = 'code' in error && (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET');
        resolve({
          kind: 'NO_PAGE',
          reason: 'UNREACHABLE',
          message: `${where} cannot be reached over HTTP: ${messageOf(error)}`,
        });
      },
    },
  );

  return promise.then((ended): Asked => {
    signal.removeEventListener('abort', onAbort);
    return { scrape: toScrape(ended), isStale };
  });

  function toScrape(ended: Ended): Scrape {
    const cost = { bytes, tookMs: 0 };
    if (ended.kind === 'NO_PAGE') return { ...ended, ...cost, status };
    const page = reader.end({ isWhole: ended.isWhole });
    if (page.sampleLines > 0) return { kind: 'PAGE', ...cost, ...page };
    return { kind: 'NO_PAGE', ...cost, reason: 'NO_METRICS', status, message: `${where} answers no metric at all` };
  }
}
