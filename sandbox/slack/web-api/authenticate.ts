import type { IncomingHttpHeaders } from 'node:http';
import type { Core } from '../core.ts';
import type { Json } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import type { Token } from '../tokens.ts';
import type { Method } from './method.ts';

export type Credentials = {
  readonly headers: IncomingHttpHeaders;
  readonly fields: Readonly<Record<string, Json>>;
  readonly query: URLSearchParams;
};

const stateErrors = { revoked: 'token_revoked', expired: 'token_expired', disabled: 'account_inactive' } as const;

/** The token behind a call, or what Slack answers to a bad one. */
export function authenticate(core: Core, method: Method, { headers, fields, query }: Credentials): Token {
  if (query.has('token')) throw new SlackError('invalid_auth', ['a token in the address ends up in logs']);
  const fromHeader = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  const value = fromHeader ?? (typeof fields.token === 'string' && fields.token !== '' ? fields.token : null);
  if (value === null) throw new SlackError('not_authed');
  const token = core.tokens.find(value);
  if (token === null) throw new SlackError('invalid_auth');
  if (token.state !== 'active') throw new SlackError(stateErrors[token.state]);
  if (!(method.tokens ?? ['bot']).includes(token.kind)) throw new SlackError('not_allowed_token_type');
  requireScope(token, method.scopes ?? []);
  return token;
}

export function requireScope(token: Token, anyOf: readonly string[]): void {
  if (anyOf.length === 0 || anyOf.some((scope) => token.scopes.has(scope))) return;
  throw new SlackError('missing_scope', [], { needed: anyOf.join(','), provided: [...token.scopes].join(',') });
}
