import { SqlError } from '../sql/errors.ts';
import type { FrontendContext } from './context.ts';

/** `max_user_connections` of a user that nobody gave another. */
export const usualMaxConnections = 1024;

/** Refuses a login, right as it may be, when this frontend has too many connections, or too many of that user. */
export function requireFreeConnection(fe: FrontendContext, user: string): void {
  const open = fe.connections.list().length;
  const node = `${fe.self.host}:${fe.self.editLogPort}`;
  const most = fe.config.number('qe_max_connection');
  if (open >= most) {
    const limit = `Reach cluster-wide connection limit, qe_max_connection=${most}, connectionMap.size=${open}`;
    throw new SqlError(1064, 'HY000', `${limit}, node=${node}`);
  }
  const account = [...fe.group.state.users.values()].find(({ name }) => name === user);
  const mostOfUser = account?.maxConnections ?? usualMaxConnections;
  const ofUser = fe.connections.byUser().get(user) ?? 0;
  if (ofUser < mostOfUser) return;
  throw new SqlError(
    1064,
    'HY000',
    `Reach user-level(qualifiedUser: ${user}) connection limit, currentUserMaxConn=${mostOfUser}, ` +
      `connectionMap.size=${open}, connByUser.totConn=${open}, user.currConn=${ofUser}, node=${node}`,
  );
}
