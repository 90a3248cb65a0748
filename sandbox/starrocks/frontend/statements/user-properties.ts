import { done, textRows } from '../../mysql/packets.ts';
import { analysisError, executionError } from '../../sql/errors.ts';
import { requirePrivilege, userKey } from '../access.ts';
import { usualMaxConnections } from '../connection-limits.ts';
import type { FrontendContext } from '../context.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { change, type User } from '../meta/state.ts';

/** Of the properties of a user only how many connections it may have is kept here. */
export const userPropertyHandlers: Handlers<'setProperty' | 'showProperty'> = {
  setProperty: onLeader(async ({ statement, session, fe }) => {
    const name = statement.user ?? session.user;
    if (name !== session.user) requirePrivilege(fe, session, { privileges: ['GRANT'] });
    const { max_user_connections: wanted, ...others } = statement.properties;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw analysisError(`Unknown property key: ${unknown}`);
    const maxConnections = Number(wanted);
    if (!Number.isInteger(maxConnections) || maxConnections <= 0)
      throw analysisError('max_user_connections is not a number');
    const users = usersNamed(fe, name);
    const changes = users.map((user) => change('users', userKey(user), { ...user, maxConnections }));
    await fe.group.update(() => ({ changes, value: null }));
    return done();
  }),

  showProperty: locally(({ statement, session, fe }) => {
    const name = statement.user ?? session.user;
    if (name !== session.user) requirePrivilege(fe, session, { privileges: ['GRANT'] });
    const [user] = usersNamed(fe, name);
    return textRows(
      ['Key', 'Value'],
      [
        ['max_user_connections', String(user?.maxConnections ?? usualMaxConnections)],
        ['catalog', 'default_catalog'],
        ['database', ''],
      ],
    );
  }),
};

function usersNamed(fe: FrontendContext, name: string): User[] {
  const found = [...fe.group.state.users.values()].filter((user) => user.name === name);
  if (found.length === 0) throw executionError(fe.release, `user '${name}' doesn't exist`);
  return found;
}
