import { AppError } from '../../errors.ts';
import { NoGreeting } from './classify.ts';
import type { SqlCall, SqlReader, SqlTarget } from './port.ts';
import { versionComment } from './statements.ts';

export type SilentPort = SqlTarget['frontends'][number] & { readonly why: string };

/**
 * Which of these frontends accept a connection to their query port and send no greeting. A frontend that was dropped from its
 * cluster and still runs does that, as a real one showed, and one that hangs: a session from before may go on answering, so each
 * is asked by a login of its own. Any other trouble is not told here.
 */
export async function readSilentPorts(
  sql: SqlReader,
  frontends: SqlTarget['frontends'],
  call: Omit<SqlCall, 'route'>,
): Promise<readonly SilentPort[]> {
  const asked = frontends.map(async ({ host, port }) => {
    try {
      await sql.query(versionComment(), { ...call, route: { host, port }, isNewLogin: true });
      return [];
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
      return error instanceof NoGreeting ? [{ host, port, why: error.message }] : [];
    }
  });
  return (await Promise.all(asked)).flat();
}

/** Whether nothing else was wrong with any frontend that was tried than that it sent no greeting. */
export function isAllWithoutGreeting(failure: AppError): boolean {
  if (failure instanceof NoGreeting) return true;
  const { cause } = failure;
  return Array.isArray(cause) && cause.length > 0 && cause.every((each) => each instanceof NoGreeting);
}
