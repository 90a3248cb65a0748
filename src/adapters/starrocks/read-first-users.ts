import type { SessionRow, UserRow } from '../../domain/deploy/first-users.ts';
import { showAllAuthentication, showProcessList } from './new-cluster-statements.ts';
import type { SqlCall, SqlReader } from './port.ts';

/** Who is known to a cluster, and who is logged in. To be asked as root. */
export async function readFirstUsers(
  sql: SqlReader,
  call: SqlCall,
): Promise<{ readonly users: readonly UserRow[]; readonly sessions: readonly SessionRow[] }> {
  const users = await sql.query(showAllAuthentication(), call);
  const sessions = await sql.query(showProcessList(), call);
  return {
    users: users.map(({ UserIdentity, Password }) => ({
      identity: UserIdentity ?? '',
      hasPassword: Password?.toLowerCase() === 'yes',
    })),
    sessions: sessions.map(({ User, Host }) => ({ user: User ?? '', from: Host ?? '' })),
  };
}
