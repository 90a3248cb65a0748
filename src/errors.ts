/**
 * The one error type for what can be explained. Anything else that is thrown is a bug and answers
 * `INTERNAL_SERVER_ERROR` with a request id and nothing more.
 */
export const errorCodes = [
  // the caller cannot proceed at all
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'BAD_USER_INPUT',
  'INTERNAL_SERVER_ERROR',
  // input, or a rule
  'INVALID_INPUT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PRECONDITION_FAILED',
  'PREFLIGHT_FAILED',
  'CLUSTER_LOCKED',
  'CONFIRMATION_MISMATCH',
  'PLAN_STALE',
  'APPROVAL_REQUIRED',
  'APPROVAL_EXPIRED',
  'QUORUM_AT_RISK',
  'REPLICATION_AT_RISK',
  'UNSUPPORTED_VERSION_PATH',
  'CREDENTIAL_MISSING',
  'HOST_KEY_UNKNOWN',
  'HOST_KEY_CHANGED',
  'IDEMPOTENCY_KEY_REUSED',
  'NOT_UNDOABLE',
  // failure while running
  'SSH_UNREACHABLE',
  'SSH_AUTH_FAILED',
  'SSH_NO_SHELL',
  'SSH_NO_SFTP',
  'SSH_NO_FORWARDING',
  'SSH_INCOMPATIBLE',
  'SSH_BUSY',
  'SSH_ANSWER_LOST',
  'COMMAND_FAILED',
  'SQL_UNREACHABLE',
  'SQL_AUTH_FAILED',
  'SQL_PRIVILEGE_MISSING',
  'SQL_FAILED',
  'SQL_ANSWER_LOST',
  'HTTP_FAILED',
  'HEALTH_GATE_TIMEOUT',
  'POSTCHECK_FAILED',
  'TIMEOUT',
  'CANCELED',
  'UNDO_FAILED',
  'RECOVERY_FAILED',
  'LEASE_LOST',
  'STORE_UNAVAILABLE',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export type AppErrorOptions = {
  /** What the reader can do about it; one sentence. */
  hint?: string;
  /** True when the same call may succeed later without any change. */
  retryable?: boolean;
  /** Where in the input the mistake is, e.g. `['frontends', '0', 'host']`. */
  path?: readonly string[];
  cause?: unknown;
};

/** An error with a code, a sentence of facts, and what to do about it. The same text goes to log, audit, API and Slack. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly retryable: boolean;
  readonly path: readonly string[] | null;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.retryable = options.retryable ?? false;
    this.path = options.path ?? null;
  }
}

/** How a mistake of the caller's, or a refusal, is told in an answer. */
export type UserError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly path: readonly string[] | null;
  readonly hint: string | null;
  readonly retryable: boolean;
};

export function toUserError(error: AppError): UserError {
  return { code: error.code, message: error.message, path: error.path, hint: error.hint, retryable: error.retryable };
}

/** The message of anything that was thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
