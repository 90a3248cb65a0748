import type { Ids } from './workspace/ids.ts';

export type TokenKind = 'bot' | 'app' | 'user';

export type Token = {
  readonly value: string;
  readonly kind: TokenKind;
  readonly scopes: Set<string>;
  readonly user: string;
  state: 'active' | 'revoked' | 'expired' | 'disabled';
};

export type Tokens = { readonly bot: Token; readonly app: Token; find(value: string): Token | null };

export function createTokens(ids: Ids, bot: { readonly user: string; readonly scopes: readonly string[] }): Tokens {
  const make = (kind: TokenKind, prefix: string, scopes: readonly string[]): Token => ({
    value: ids.secret(prefix),
    kind,
    scopes: new Set(scopes),
    user: bot.user,
    state: 'active',
  });
  const tokens = { bot: make('bot', 'xoxb-', bot.scopes), app: make('app', 'xapp-1-', ['connections:write']) };
  return {
    ...tokens,
    find: (value) => [tokens.bot, tokens.app].find((token) => token.value === value) ?? null,
  };
}
