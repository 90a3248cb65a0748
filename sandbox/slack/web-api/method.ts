import type { Core } from '../core.ts';
import type { JsonObject } from '../json.ts';
import type { Tier } from '../rates.ts';
import type { Token, TokenKind } from '../tokens.ts';
import type { Arguments, ArgumentTable } from './arguments.ts';

/** What a method gets besides its arguments. */
export type MethodCall = {
  readonly core: Core;
  readonly token: Token;
  warn(warning: string): void;
};

export type Method = {
  readonly name: string;
  readonly tier: Tier;
  /** Default: the bot's. */
  readonly tokens?: readonly TokenKind[];
  /** One of these is enough; default none. */
  readonly scopes?: readonly string[];
  readonly args: ArgumentTable;
  readonly required?: readonly string[];
  /** Reads may come as GET. */
  readonly isRead?: boolean;
  run(args: Arguments, call: MethodCall): JsonObject | Promise<JsonObject>;
};
