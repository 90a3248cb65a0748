type ErrorRow = {
  /** One sentence, for whoever reads the code for the first time. */
  readonly means: string;
  /**
   * What the error stops: the whole `request` (then it is in `errors`); what the input or a `rule` refuses; or it is the
   * `failure` of something that was being done. The last two are in `userErrors` or in `Run.failure`.
   */
  readonly stops: 'request' | 'rule' | 'failure';
  /** Who can do something about it, if anybody must. */
  readonly acts: Party;
  /** True: nobody knows yet what the result is, so asking again is worth it even where the same call is not retryable. */
  readonly leavesOpen?: true;
};

/**
 * `caller`: the one who asked. `approver`: other people who may approve. `operator`: looks after the cluster and its
 * hosts. `admin`: gives rights, keys and passwords to Starwarden. `keeper`: runs Starwarden. `nobody`: it passes by
 * itself.
 */
export type Party = 'caller' | 'approver' | 'operator' | 'admin' | 'keeper' | 'nobody';

/** Every code there is, in one table; the API's enum, its descriptions and the reference page are printed from it. */
export const errorTable = {
  UNAUTHENTICATED: { means: 'The token is missing, unknown, expired or revoked.', stops: 'request', acts: 'admin' },
  FORBIDDEN: { means: 'You may see it, but not do this.', stops: 'request', acts: 'admin' },
  RATE_LIMITED: { means: 'Too many requests in a short time; wait and try again.', stops: 'request', acts: 'nobody' },
  QUERY_TOO_COMPLEX: { means: 'The query asks for too much at once.', stops: 'request', acts: 'caller' },
  BAD_USER_INPUT: { means: 'An argument has the wrong type or an impossible value.', stops: 'request', acts: 'caller' },
  INTERNAL_SERVER_ERROR: {
    means: 'A mistake in Starwarden itself; its log has the request id.',
    stops: 'request',
    acts: 'keeper',
  },
  INVALID_INPUT: { means: 'A field of the input breaks a rule.', stops: 'rule', acts: 'caller' },
  NOT_FOUND: { means: 'It does not exist, or you may not see it.', stops: 'rule', acts: 'caller' },
  ALREADY_EXISTS: { means: 'Something with this name or address is known already.', stops: 'rule', acts: 'caller' },
  PRECONDITION_FAILED: {
    means: 'It cannot be done in the state that things are in now.',
    stops: 'rule',
    acts: 'caller',
  },
  PREFLIGHT_FAILED: { means: 'A check before the start failed.', stops: 'rule', acts: 'operator' },
  CLUSTER_LOCKED: { means: 'Another run changes this cluster now.', stops: 'rule', acts: 'nobody' },
  CONFIRMATION_MISMATCH: { means: "The cluster's name was not typed, or not exactly.", stops: 'rule', acts: 'caller' },
  PLAN_STALE: {
    means: 'The cluster changed, so the steps would be others than those that were shown.',
    stops: 'rule',
    acts: 'caller',
  },
  APPROVAL_REQUIRED: { means: 'Other people have to say yes first.', stops: 'rule', acts: 'approver' },
  APPROVAL_EXPIRED: { means: 'Nobody said yes in time.', stops: 'rule', acts: 'caller' },
  QUORUM_AT_RISK: { means: 'Too few frontends would be left to elect a leader.', stops: 'rule', acts: 'operator' },
  REPLICATION_AT_RISK: { means: 'Data would be left without a healthy replica.', stops: 'rule', acts: 'operator' },
  UNSUPPORTED_VERSION_PATH: {
    means: 'StarRocks does not allow going from this release to that one.',
    stops: 'rule',
    acts: 'caller',
  },
  CREDENTIAL_MISSING: { means: 'A password or key that is needed is not there.', stops: 'rule', acts: 'admin' },
  HOST_KEY_UNKNOWN: { means: 'Nobody has accepted the SSH key of the host yet.', stops: 'rule', acts: 'admin' },
  HOST_KEY_CHANGED: {
    means: 'The host shows another SSH key than the one that is trusted.',
    stops: 'rule',
    acts: 'admin',
  },
  IDEMPOTENCY_KEY_REUSED: { means: 'The idempotency key was used for another input.', stops: 'rule', acts: 'caller' },
  NOT_UNDOABLE: { means: 'A step that was done has no way back.', stops: 'rule', acts: 'caller' },
  BACKUP_REQUIRED_BY_OTHERS: {
    means: 'Other backups cannot be restored without this one.',
    stops: 'rule',
    acts: 'caller',
  },
  RETENTION_FLOOR: { means: 'Too few usable backups of the database would be left.', stops: 'rule', acts: 'caller' },
  SSH_UNREACHABLE: { means: 'The host does not answer over SSH.', stops: 'failure', acts: 'operator' },
  SSH_AUTH_FAILED: { means: 'The host refuses the login over SSH.', stops: 'failure', acts: 'operator' },
  SSH_NO_SHELL: {
    means: 'The login over SSH works, but does not run what it is asked to.',
    stops: 'failure',
    acts: 'operator',
  },
  SSH_NO_SFTP: { means: 'The host takes no files over SFTP.', stops: 'failure', acts: 'operator' },
  SSH_NO_FORWARDING: { means: 'The jump host does not pass connections on.', stops: 'failure', acts: 'operator' },
  SSH_INCOMPATIBLE: {
    means: 'The host and Starwarden have no algorithm in common, e.g. no cipher.',
    stops: 'failure',
    acts: 'operator',
  },
  SSH_BUSY: {
    means: 'The host allows no more connections or sessions over SSH at the moment.',
    stops: 'failure',
    acts: 'nobody',
  },
  SSH_ANSWER_LOST: {
    means: 'A command was sent to a host, and the connection broke before its answer came.',
    stops: 'failure',
    acts: 'operator',
    leavesOpen: true,
  },
  COMMAND_FAILED: { means: 'A command on a host ended with an error.', stops: 'failure', acts: 'operator' },
  SQL_UNREACHABLE: { means: 'No frontend of the cluster answers.', stops: 'failure', acts: 'operator' },
  SQL_AUTH_FAILED: { means: 'The cluster refuses the user or the password.', stops: 'failure', acts: 'operator' },
  SQL_PRIVILEGE_MISSING: { means: 'The StarRocks user lacks a privilege.', stops: 'failure', acts: 'operator' },
  SQL_FAILED: { means: 'The cluster refused a statement.', stops: 'failure', acts: 'operator' },
  SQL_ANSWER_LOST: {
    means: 'The connection broke before the cluster said whether it did it.',
    stops: 'failure',
    acts: 'operator',
    leavesOpen: true,
  },
  HTTP_FAILED: { means: "A node's HTTP server did not answer as it should.", stops: 'failure', acts: 'operator' },
  HEALTH_GATE_TIMEOUT: { means: 'A node did not become healthy in time.', stops: 'failure', acts: 'operator' },
  POSTCHECK_FAILED: {
    means: 'Everything was done, but the end is not as it should be.',
    stops: 'failure',
    acts: 'operator',
  },
  BACKUP_DAMAGED: {
    means: 'What the repository holds of a backup is not what was written there.',
    stops: 'failure',
    acts: 'operator',
  },
  TIMEOUT: { means: 'It took too long.', stops: 'failure', acts: 'operator', leavesOpen: true },
  CANCELED: { means: 'Somebody stopped it.', stops: 'failure', acts: 'caller' },
  UNDO_FAILED: { means: 'A step could not be taken back.', stops: 'failure', acts: 'operator' },
  RECOVERY_FAILED: {
    means: 'A node that failed could not be put back to how it was.',
    stops: 'failure',
    acts: 'operator',
  },
  OBJECT_STORE_NO_ACCESS: {
    means: 'Starwarden has no way of its own to the objects of this repository.',
    stops: 'rule',
    acts: 'operator',
  },
  OBJECT_STORE_UNREACHABLE: {
    means: 'Nothing answers at the endpoint of the object store.',
    stops: 'failure',
    acts: 'operator',
  },
  OBJECT_STORE_NOT_S3: {
    means: 'What answers at the endpoint of the object store does not speak S3.',
    stops: 'failure',
    acts: 'operator',
  },
  OBJECT_STORE_REGION_WRONG: { means: 'The bucket is in another region.', stops: 'failure', acts: 'operator' },
  OBJECT_STORE_ADDRESS_STYLE_WRONG: {
    means: 'The object store wants the name of the bucket at another place of the address.',
    stops: 'failure',
    acts: 'operator',
  },
  OBJECT_STORE_KEY_REFUSED: {
    means: 'The object store does not know the access key, or the secret key does not belong to it.',
    stops: 'failure',
    acts: 'admin',
  },
  OBJECT_STORE_CLOCK_SKEW: {
    means: 'The clocks of Starwarden and of the object store differ by too much.',
    stops: 'failure',
    acts: 'keeper',
  },
  OBJECT_STORE_RIGHT_MISSING: {
    means: 'The access key may not do this in the bucket.',
    stops: 'failure',
    acts: 'admin',
  },
  OBJECT_STORE_BUCKET_MISSING: { means: 'There is no such bucket.', stops: 'failure', acts: 'operator' },
  OBJECT_STORE_NO_ROOM: { means: 'The object store takes no more data.', stops: 'failure', acts: 'operator' },
  OBJECT_STORE_BUSY: { means: 'The object store asks for fewer requests.', stops: 'failure', acts: 'nobody' },
  OBJECT_STORE_BROKE_OFF: {
    means: 'An answer of the object store ended in the middle, or contradicts itself.',
    stops: 'failure',
    acts: 'operator',
  },
  OBJECT_STORE_FAILED: {
    means: 'The object store answered with an error that has no code of its own here.',
    stops: 'failure',
    acts: 'operator',
  },
  LEASE_LOST: { means: 'Another worker took over.', stops: 'failure', acts: 'nobody' },
  STORE_UNAVAILABLE: { means: "Starwarden's own database does not answer.", stops: 'request', acts: 'keeper' },
} as const satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorCode = keyof typeof errorTable;

const rows: Readonly<Record<ErrorCode, ErrorRow>> = errorTable;

export const errorCodes = Object.keys(errorTable).filter((code): code is ErrorCode => code in errorTable);

/** True when the caller cannot proceed at all: only such errors, and unexpected ones, are in `errors`. */
export function stopsRequest(code: ErrorCode): boolean {
  return rows[code].stops === 'request';
}

/** True when nobody knows yet what the result is. */
export function leavesOpen(code: ErrorCode): boolean {
  return rows[code].leavesOpen === true;
}

export type AppErrorOptions = {
  /** What the reader can do about it; one sentence. */
  hint?: string;
  /** True when the same call may succeed later without any change. */
  retryable?: boolean;
  /** Where in the input the mistake is, e.g. `['frontends', '0', 'host']`. */
  path?: readonly string[];
  cause?: unknown;
};

/**
 * The one error type for everything that can be explained: a code, a sentence of facts, and what to do about it. The same
 * text goes to log, audit, API and Slack. Any other error that is thrown is a bug, and the answer is
 * `INTERNAL_SERVER_ERROR` with a request id and nothing more.
 */
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

/** A mistake of the caller, or a refusal, as it is given in an answer. */
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
