import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Refusal } from './refusal.ts';

/** What a request says of itself, before anybody believes it. `path` and `query` are as they were sent. */
export type Signed = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

type Rules = {
  /** The secret of an access key, or null when nobody has that key (or no longer). */
  readonly secretOf: (accessKey: string) => string | null;
  readonly region: string;
  /** The server's clock, in ms since 1970. */
  readonly now: number;
};

const mostSkewMs = 15 * 60_000;
const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Checks a request as AWS describes it for Signature Version 4 in the Authorization header: key, region, clock, signature, and the digest
 * of the body. Throws the refusal that S3 would answer with; returns whose request it is.
 */
export function verifySignature(request: Signed, { secretOf, region, now }: Rules): string {
  const { headers } = request;
  if (headers.authorization === undefined) throw new S3Refusal(403, 'AccessDenied', 'Access Denied');
  const [, accessKey, day, asked, names, signature] = authorization.exec(headers.authorization) ?? [];
  if (!accessKey || !day || !asked || !names || !signature)
    throw new S3Refusal(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.');
  const secret = secretOf(accessKey);
  if (secret === null)
    throw new S3Refusal(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  if (asked !== region) {
    const text = `The authorization header is malformed; the region '${asked}' is wrong; expecting '${region}'`;
    throw new S3Refusal(400, 'AuthorizationHeaderMalformed', text, { Region: region });
  }
  const time = String(headers['x-amz-date'] ?? '');
  if (!(Math.abs(parseTime(time) - now) <= mostSkewMs)) {
    const text = 'The difference between the request time and the current time is too large.';
    throw new S3Refusal(403, 'RequestTimeTooSkewed', text, { ServerTime: new Date(now).toISOString() });
  }
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical(request, names))].join('\n');
  const dayKey = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), 's3'), 'aws4_request');
  if (!timingSafeEqual(hmac(dayKey, toSign), Buffer.from(signature, 'hex'))) {
    const text =
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
    throw new S3Refusal(403, 'SignatureDoesNotMatch', text);
  }
  requireDigests(request);
  return accessKey;
}

/** The body has to be what was signed, and what Content-MD5 says. */
function requireDigests({ headers, body }: Signed): void {
  const signed = String(headers['x-amz-content-sha256'] ?? '');
  const isOpen = signed === 'UNSIGNED-PAYLOAD' || signed.startsWith('STREAMING-');
  if (!isOpen && signed !== sha256(body)) {
    const text = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new S3Refusal(400, 'XAmzContentSHA256Mismatch', text);
  }
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64'))
    throw new S3Refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
}

function canonical({ method, path, query, headers }: Signed, names: string): string {
  const lines = names.split(';').map((name) => `${name}:${headerOf(headers, name)}\n`);
  const payload = String(headers['x-amz-content-sha256'] ?? '');
  return [method, encodeEach(path, '/'), canonicalQuery(query), lines.join(''), names, payload].join('\n');
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replaceAll(/ +/g, ' ');
}

function canonicalQuery(query: string): string {
  const pairs = query === '' ? [] : query.split('&');
  return pairs
    .map((pair) => {
      const at = pair.indexOf('=');
      const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      return `${encodeEach(name)}=${encodeEach(value)}`;
    })
    .sort()
    .join('&');
}

/** Decoded and encoded again, so that there is one way to write it; `kept` stays as it is. */
function encodeEach(text: string, kept = ''): string {
  const encoded = encodeURIComponent(decodeURIComponent(text));
  const strict = encoded.replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return kept === '/' ? strict.replaceAll('%2F', '/') : strict;
}

/** `20261127T100000Z`; NaN for everything else. */
function parseTime(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
