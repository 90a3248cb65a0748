/** Where a statement has to run. `leader` = the leader, which is found by asking; an address = that frontend and no other. */
export type SqlRoute = 'any' | 'leader' | { readonly host: string; readonly port: number };

/** A statement made by `statements.ts`, the only place that writes SQL for StarRocks. */
export type Statement<Effect extends 'read' | 'change' = 'read' | 'change'> = {
  readonly text: string;
  /** A short constant name for logs and metrics, e.g. `show-backends`. */
  readonly name: string;
  /** `read` may be tried on the next frontend; a `change` is sent once, and a lost answer is `SQL_ANSWER_LOST`. */
  readonly effect: Effect;
  /** Parts of the text that no message may show, e.g. the key of an object store. */
  readonly secrets?: readonly string[];
  /** References to secrets that stand in the text as values; they are put in at the moment of sending. */
  readonly secretRefs?: readonly string[];
};

export type ReadStatement = Statement<'read'>;

/** One row by column name. For SHOW, StarRocks answers with text; SQL NULL is `null`. */
export type SqlRow = Readonly<Record<string, string | null>>;

export type SqlCall = {
  readonly route?: SqlRoute;
  /** Milliseconds for the whole call, connecting included. Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Logs in anew, whatever session is open: for who wants to know whether others get in. */
  readonly isNewLogin?: true;
};

/**
 * SQL to one cluster. Throws `AppError` `SQL_UNREACHABLE` (no frontend answered; retryable), `SQL_AUTH_FAILED`,
 * `SQL_PRIVILEGE_MISSING`, `SQL_FAILED` (the server refused; its text is in the message), `SQL_ANSWER_LOST` (a change was
 * sent and the answer never came, also because of a timeout: ask the cluster whether it happened), `TIMEOUT` (a change
 * was not sent, or the server itself gave up), `CANCELED`.
 */
export interface StarRocksSql {
  readonly query: (statement: Statement, call?: SqlCall) => Promise<readonly SqlRow[]>;
}

/** The part that only reads: a statement that changes something does not fit its type. */
export interface SqlReader {
  readonly query: (statement: ReadStatement, call?: SqlCall) => Promise<readonly SqlRow[]>;
}

/** Who logs in to one frontend and no other. `passwordRef` = a reference to a secret; null = no password at all. */
export type SqlLogin = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly passwordRef: string | null;
};

/** How to reach a cluster's frontends. The password is resolved inside the adapter and never leaves it. */
export type SqlTarget = {
  readonly frontends: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly password: () => Promise<string>;
  readonly tls: { readonly verify: boolean; readonly ca: string | null } | null;
};
