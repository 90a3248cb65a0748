import { AppError, messageOf } from '../../errors.ts';
import { forwardFailure } from './forward-failure.ts';
import type { Statement } from './port.ts';

/** What a failed statement was about; all secrets are already taken out of the text. */
export type FailureContext = {
  readonly statement: Pick<Statement, 'name' | 'effect'>;
  /** `host:port` of the frontend. */
  readonly where: string;
  readonly user: string;
  readonly redact: (text: string) => string;
};

const longestServerText = 2_000;

const loginRefused = 1_045;
/** 3.1–3.2 use 1252, later releases 5203; 1227 is MySQL's number, which proxies use too. */
const privilegeMissing = [1_252, 5_203, 1_227, 1_142, 1_044];
const tooManyConnections = [1_203, 1_040];
const serverTimeout = 5_024;

/** In the middle of a downgrade, a leader of a newer line accepts nothing from an older follower. */
const forwardedFromOlder = /^(?:[\w.$]+(?:Exception|Error):\s*)*Missing current catalog\b/;

/** The code of the error when a login waited in vain for the server's first packet. */
export const noGreeting = 'NO_GREETING';

/** A frontend accepted the connection and sent no greeting: a fault of its own kind, told from other silence by this class. */
export class NoGreeting extends AppError {}

/** Why no session could be opened; nothing was sent. `SQL_UNREACHABLE` means that another frontend may work. */
export function explainConnectFailure(error: unknown, { where, user, redact }: FailureContext): AppError {
  const { number, code, text } = describe(error, redact);
  if (number === loginRefused) {
    return new AppError('SQL_AUTH_FAILED', `${where} does not let ${user} in: ${text}`, {
      hint: 'Check user and password, and from which hosts the user may come',
    });
  }
  if (code === noGreeting) {
    return new NoGreeting('SQL_UNREACHABLE', `${where} accepts the connection and sends no greeting: ${text}`, {
      hint: 'A frontend that was dropped from its cluster and still runs does that, and so does one that hangs',
      retryable: true,
    });
  }
  const isTls = code.startsWith('HANDSHAKE_') || number === 5_205;
  return new AppError('SQL_UNREACHABLE', `${where} cannot be reached: ${text}`, {
    hint: isTls
      ? 'Check whether that frontend offers TLS, and whether its certificate is trusted'
      : 'Check that the frontend runs and has a leader: it opens its query port only then',
    retryable: !isTls,
  });
}

/** Why a statement that was sent failed. */
export function explainStatementFailure(error: unknown, context: FailureContext): AppError {
  const { statement, where, user, redact } = context;
  const { number, text } = describe(error, redact);
  const subject = `${statement.name} on ${where}`;
  if (number === null) return answerLost(text, context);
  if (number === loginRefused) return explainConnectFailure(error, context);
  if (privilegeMissing.includes(number)) {
    return new AppError('SQL_PRIVILEGE_MISSING', `${subject}: ${user} may not do that: ${text}`, {
      hint: `Grant it to ${user}, or make the role that has it a default role`,
    });
  }
  if (tooManyConnections.includes(number)) return explainConnectFailure(error, context);
  const forward = forwardFailure(number, text);
  if (forward === 'not-handed-over') {
    return new AppError('SQL_UNREACHABLE', `${subject}: the leader cannot be reached: ${text}`, {
      hint: 'A new leader may be elected just now; that takes seconds to a minute',
      retryable: true,
    });
  }
  if (forwardedFromOlder.test(text)) {
    return new AppError(
      'SQL_UNREACHABLE',
      `${subject}: its leader runs a newer version and takes nothing from it: ${text}`,
      {
        hint: 'Another frontend may answer; this one will when all run the same version',
        retryable: true,
      },
    );
  }
  if (forward === 'lost') return answerLost(text, context);
  if (number === serverTimeout) return new AppError('TIMEOUT', `${subject}: ${text}`, { retryable: true });
  return new AppError('SQL_FAILED', `${subject} was refused: ${text} (error ${number})`);
}

/**
 * The error for a broken connection: a read may be sent to another frontend; whether a change happened, only the cluster
 * knows.
 */
export function answerLost(text: string, { statement, where }: Pick<FailureContext, 'statement' | 'where'>): AppError {
  const subject = `${statement.name} on ${where}`;
  if (statement.effect === 'read') {
    return new AppError('SQL_UNREACHABLE', `${subject}: the connection broke: ${text}`, { retryable: true });
  }
  return new AppError('SQL_ANSWER_LOST', `${subject} was sent and the answer never came: ${text}`, {
    hint: 'Ask the cluster whether it happened before sending it again',
  });
}

/** True when a frontend answered and only could not reach the leader: that passes with the next election. */
export function isLeaderAway(error: unknown): boolean {
  const number = serverErrorNumber(error);
  return number !== null && error instanceof Error && forwardFailure(number, error.message) !== null;
}

/** The server's own error number; null when the network or the driver failed, and the session with it. */
export function serverErrorNumber(error: unknown): number | null {
  const isAnswer =
    error instanceof Error && 'sqlState' in error && 'errno' in error && !('fatal' in error && error.fatal);
  return isAnswer && typeof error.errno === 'number' && error.errno > 0 ? error.errno : null;
}

type Described = { readonly number: number | null; readonly code: string; readonly text: string };

function describe(error: unknown, redact: (text: string) => string): Described {
  const fields = error instanceof Error ? error : new Error(messageOf(error));
  const number = serverErrorNumber(error);
  const said = 'sqlMessage' in fields && typeof fields.sqlMessage === 'string' ? fields.sqlMessage : fields.message;
  const code = 'code' in fields && typeof fields.code === 'string' ? fields.code : '';
  const shown = redact(said === '' ? code : said);
  return { number, code, text: shown.length > longestServerText ? `${shown.slice(0, longestServerText)}…` : shown };
}
