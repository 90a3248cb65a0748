import type { ErrorCode } from '../errors.ts';
import type { AnyOperation } from '../operations/define.ts';

type Permission = AnyOperation['permission'];

/*
 * Words that the code owns and the schema explains. `satisfies` makes a forgotten word an error of the compiler, so
 * that no answer can hold an enum value that the schema does not know.
 */

/** One sentence for each code: the descriptions of the enum `UserErrorCode`. */
export const errorCodeDescriptions = {
  UNAUTHENTICATED: 'The token is missing, unknown, expired or revoked.',
  FORBIDDEN: 'You may see it, but not do this.',
  RATE_LIMITED: 'Too many requests in a short time; wait and try again.',
  QUERY_TOO_COMPLEX: 'The query asks for too much at once.',
  BAD_USER_INPUT: 'An argument has the wrong type or an impossible value.',
  INTERNAL_SERVER_ERROR: 'A mistake in Starwarden itself; its log has the request id.',
  INVALID_INPUT: 'A field of the input breaks a rule.',
  NOT_FOUND: 'It does not exist, or you may not see it.',
  ALREADY_EXISTS: 'Something with this name or address is known already.',
  PRECONDITION_FAILED: 'It cannot be done in the state that things are in now.',
  PREFLIGHT_FAILED: 'A check before the start failed.',
  CLUSTER_LOCKED: 'Another run changes this cluster now.',
  CONFIRMATION_MISMATCH: "The cluster's name was not typed, or not exactly.",
  PLAN_STALE: 'The cluster changed, so the steps would be others than those that were shown.',
  APPROVAL_REQUIRED: 'Other people have to say yes first.',
  APPROVAL_EXPIRED: 'Nobody said yes in time.',
  QUORUM_AT_RISK: 'Too few frontends would be left to elect a leader.',
  REPLICATION_AT_RISK: 'Data would be left without a healthy replica.',
  UNSUPPORTED_VERSION_PATH: 'StarRocks does not allow going from this release to that one.',
  CREDENTIAL_MISSING: 'A password or key that is needed is not there.',
  HOST_KEY_UNKNOWN: 'Nobody has accepted the SSH key of the host yet.',
  HOST_KEY_CHANGED: 'The host shows another SSH key than the one that is trusted.',
  IDEMPOTENCY_KEY_REUSED: 'The idempotency key was used for another input.',
  NOT_UNDOABLE: 'A step that was done has no way back.',
  SSH_UNREACHABLE: 'The host does not answer over SSH.',
  SSH_AUTH_FAILED: 'The host refuses the login over SSH.',
  SSH_NO_SHELL: 'The login over SSH works, but does not run what it is asked to.',
  SSH_NO_SFTP: 'The host takes no files over SFTP.',
  SSH_NO_FORWARDING: 'The jump host does not pass connections on.',
  SSH_INCOMPATIBLE: 'The host and Starwarden have no algorithm in common, e.g. no cipher.',
  SSH_BUSY: 'The host allows no more connections or sessions over SSH at the moment.',
  SSH_ANSWER_LOST: 'A command was sent to a host, and the connection broke before its answer came.',
  COMMAND_FAILED: 'A command on a host ended with an error.',
  SQL_UNREACHABLE: 'No frontend of the cluster answers.',
  SQL_AUTH_FAILED: 'The cluster refuses the user or the password.',
  SQL_PRIVILEGE_MISSING: 'The StarRocks user lacks a privilege.',
  SQL_FAILED: 'The cluster refused a statement.',
  SQL_ANSWER_LOST: 'The connection broke before the cluster said whether it did it.',
  HTTP_FAILED: "A node's HTTP server did not answer as it should.",
  HEALTH_GATE_TIMEOUT: 'A node did not become healthy in time.',
  POSTCHECK_FAILED: 'Everything was done, but the end is not as it should be.',
  TIMEOUT: 'It took too long.',
  CANCELED: 'Somebody stopped it.',
  UNDO_FAILED: 'A step could not be taken back.',
  RECOVERY_FAILED: 'A node that failed could not be put back to how it was.',
  LEASE_LOST: 'Another worker took over.',
  STORE_UNAVAILABLE: "Starwarden's own database does not answer.",
} as const satisfies Record<ErrorCode, string>;

/** One sentence for each permission: the descriptions of the enum `Permission`. */
export const permissionDescriptions = {
  'cluster:read': 'See a cluster, its runs and its backups.',
  'cluster:register': 'Put clusters under management.',
  'cluster:unregister': 'Forget clusters.',
  'cluster:check': 'Refresh and check clusters.',
  'host:attach': 'Give Starwarden access to hosts.',
  'node:restart': 'Restart nodes.',
  'backup:create': 'Make backups.',
  'cluster:upgrade': 'Upgrade and downgrade clusters.',
  'release:manage': 'Manage the catalogue of releases.',
  'run:control': 'Cancel, pause, resume, retry and undo runs.',
  'run:approve': 'Say yes or no to the runs of others.',
  'alert:handle': 'Acknowledge alerts.',
  'audit:read': 'Read the audit log.',
  'access:manage': 'Manage people, roles and tokens.',
} as const satisfies Record<Permission, string>;

/** `cluster:read` as an enum value: `CLUSTER_READ`. */
export function permissionValue(permission: string): string {
  return permission.replace(':', '_').toUpperCase();
}
