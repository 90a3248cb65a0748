import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { refusalOf, type S3Fault, type S3Faults } from './faults.ts';
import { S3Refusal } from './refusal.ts';
import { verifySignature } from './signature.ts';

export type S3Request = {
  readonly method: string;
  /** `/<bucket>/<key>`, decoded. */
  readonly path: string;
  readonly query: string;
  /** Whose it was; null when it was refused before anybody knew. */
  readonly accessKey: string | null;
  readonly status: number;
};

type Gate = {
  readonly inner: { readonly host: string; readonly port: number };
  readonly region: string;
  readonly faults: S3Faults;
  readonly users: ReadonlyMap<string, { readonly secretKey: string; readonly buckets: readonly string[] | null }>;
  readonly clock: () => number;
  readonly log: (request: S3Request) => void;
};

/** The most keys that S3 takes in one request to delete several. */
const mostDeleted = 1000;

/** Lets through what S3 would: the store behind it asks nobody who they are. */
export async function passGate(request: IncomingMessage, response: ServerResponse, gate: Gate): Promise<void> {
  const method = request.method ?? 'GET';
  const [rawPath = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const body = await readBody(request);
  const path = decodeURIComponent(rawPath);
  let accessKey: string | null = null;
  const fault = gate.faults.strike(`${method} ${path}`);
  try {
    if (fault !== null) await meet(fault, method, response);
    accessKey = verifySignature(
      { method, path: rawPath, query, headers: request.headers, body },
      {
        secretOf: (key) => gate.users.get(key)?.secretKey ?? null,
        region: gate.region,
        now: gate.clock(),
      },
    );
    requireBucket(path, gate.users.get(accessKey)?.buckets ?? null);
    if (method === 'POST' && /(^|&)delete(=|&|$)/.test(query)) requireFewKeys(body);
    await pass({ request, response, body, fault, inner: gate.inner });
  } catch (error) {
    refuse(error, method, response);
  } finally {
    gate.log({ method, path, query, accessKey, status: response.statusCode });
  }
}

/** Ends the request, or returns for those faults that strike on the way back. */
async function meet(fault: S3Fault, method: string, response: ServerResponse): Promise<void> {
  const refusal = refusalOf(fault, method);
  if (refusal !== null) throw refusal;
  if (fault.kind === 'cut-before') response.destroy();
  if (fault.kind === 'silent') await new Promise((resolve) => response.once('close', resolve));
}

/** A user who is given some buckets may use no other. */
function requireBucket(path: string, buckets: readonly string[] | null): void {
  const bucket = path.split('/')[1] ?? '';
  if (buckets !== null && !buckets.includes(bucket)) throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
}

function requireFewKeys(body: Buffer): void {
  const keys = body.toString('utf8').match(/<Key>/g)?.length ?? 0;
  if (keys === 0 || keys > mostDeleted) {
    const text = 'The XML you provided was not well-formed or did not validate against our published schema';
    throw new S3Refusal(400, 'MalformedXML', text);
  }
}

type Passing = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly fault: S3Fault | null;
  readonly inner: Gate['inner'];
};

async function pass({ request, response, body, fault, inner }: Passing): Promise<void> {
  if (response.destroyed) return;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { ...request.headers, 'content-length': String(body.length) };
    const onward = forward({ ...inner, method: request.method, path: request.url, headers, setHost: false }, resolve);
    onward.once('error', reject);
    onward.end(body);
  });
  const content = await readBody(answer);
  if (fault?.kind === 'cut-after') return void response.destroy();
  response.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': lengthOf(answer, content) });
  if (fault?.kind === 'half-answer') {
    response.write(content.subarray(0, Math.floor(content.length / 2)));
    return void setImmediate(() => response.destroy());
  }
  response.end(content);
}

/** What HEAD announces is the length of what GET would send. */
function lengthOf({ headers }: IncomingMessage, content: Buffer): string {
  return headers['content-length'] ?? String(content.length);
}

function refuse(error: unknown, method: string, response: ServerResponse): void {
  if (response.destroyed) return;
  const refusal =
    error instanceof S3Refusal ? error : new S3Refusal(500, 'InternalError', 'We encountered an internal error.');
  response.writeHead(refusal.status, { 'content-type': 'application/xml' });
  response.end(method === 'HEAD' ? undefined : refusal.toXml());
}

async function readBody(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
