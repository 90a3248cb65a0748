import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import { AppError, messageOf } from '../../errors.ts';

export type DownloadCall = {
  /** The first byte wanted; a server that cannot begin there begins at 0, or answers 416. */
  readonly from: number;
  readonly signal: AbortSignal;
  /** How many milliseconds may pass without a byte. Default 60,000. */
  readonly idleMs?: number;
};

export type Download = {
  /** 416: the server has nothing from there on, and `body` is empty. */
  readonly status: 200 | 206 | 416;
  /** Where `body` begins in the file. */
  readonly from: number;
  /** The size of the whole file; null = the server did not give it. */
  readonly wholeBytes: number | null;
  /** Throws `HTTP_FAILED` (retryable) when the connection breaks off or no byte comes for too long. */
  readonly body: AsyncIterable<Uint8Array>;
};

const defaultIdleMs = 60_000;
const mostRedirects = 10;

/**
 * Begins to fetch a file, with its bytes as they are on the server: nothing is decoded, because servers call a `.tar.gz`
 * "encoded with gzip". Redirects to http and https are followed. Throws `HTTP_FAILED`, retryable unless the server
 * refused.
 */
export async function download(url: string, call: DownloadCall): Promise<Download> {
  let at = new URL(url);
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const response = await request(at, call);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) {
      response.destroy();
      if (!URL.canParse(location, at.href)) throw failed(url, 'redirects to what is no address');
      at = new URL(location, at);
      continue;
    }
    return toDownload(response, { url, status, from: call.from });
  }
  throw failed(url, `redirects more than ${mostRedirects} times`);
}

function request(url: URL, { from, signal, idleMs = defaultIdleMs }: DownloadCall): Promise<IncomingMessage> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw failed(url.href, 'leads to what is neither http nor https');
  const get = url.protocol === 'https:' ? getTls : getPlain;
  const headers = { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  return new Promise((resolve, reject) => {
    const asked = get(url, { headers, signal, agent: false }, resolve);
    asked.setTimeout(idleMs, () => asked.destroy(new Error(`no byte came for ${Math.round(idleMs / 1_000)} s`)));
    asked.on('error', (cause) => {
      reject(signal.aborted ? signal.reason : failed(url.href, `cannot be reached: ${messageOf(cause)}`, { cause }));
    });
  });
}

function toDownload(
  response: IncomingMessage,
  { url, status, from }: { url: string; status: number; from: number },
): Download {
  const body = bodyOf(response, url);
  if (status === 200) return { status, from: 0, wholeBytes: count(response.headers['content-length']), body };
  const [, begin, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
  // A server that answers with another part than was asked for counts as one that has nothing from there on.
  if (status === 206 && Number(begin) === from) return { status, from, wholeBytes: count(whole), body };
  response.destroy();
  if (status === 416 || status === 206) return { status: 416, from, wholeBytes: null, body: nothing() };
  throw failed(url, `answers HTTP ${status}`, { retryable: status >= 500 || status === 429 });
}

async function* bodyOf(response: IncomingMessage, url: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk;
  } catch (cause) {
    throw failed(url, `broke off: ${messageOf(cause)}`, { cause });
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function failed(
  url: string,
  what: string,
  { cause, retryable = true }: { cause?: unknown; retryable?: boolean } = {},
): AppError {
  return new AppError('HTTP_FAILED', `${url} ${what}`, {
    hint: 'Look at the server and the network between it and Starwarden. Where only the hosts can reach it, register the release with the kind HOST_URL.',
    retryable,
    cause,
  });
}
