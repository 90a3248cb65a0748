import { done } from '../../mysql/packets.ts';
import { SqlError, unknownDatabaseHere } from '../../sql/errors.ts';
import { canSeeDatabase, requirePrivilege, userKey } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { findDatabase } from '../data/tables.ts';
import { type Handlers, locally } from '../handlers.ts';
import { change } from '../meta/state.ts';
import { evaluate } from '../query/evaluate.ts';
import type { Session } from '../session.ts';
import { globalVariableKey, globalVariables, isReadOnlyVariable } from '../variables.ts';

export const sessionHandlers: Handlers<'use' | 'setVariables' | 'setNames' | 'transaction' | 'setRole'> = {
  use: locally(({ statement, session, fe }) => {
    useDatabase(fe, session, statement.db);
    return done();
  }),

  setVariables: {
    place: ({ assignments }) => (assignments.some(({ scope }) => scope === 'GLOBAL') ? 'leader' : 'local'),
    run: async ({ statement, session, fe }) => {
      for (const { scope, name, value } of statement.assignments) {
        if (name.startsWith('@')) continue;
        const known = globalVariables(fe);
        if (!known.has(name)) throw new SqlError(1193, 'HY000', `Unknown system variable '${name}'`);
        if (isReadOnlyVariable(name)) throw new SqlError(1238, 'HY000', `Variable '${name}' is a read only variable`);
        const evaluated = evaluate(value, { fe, session, row: null });
        const text =
          evaluated === null ? (known.get(name) ?? '') : variableText(String(evaluated), known.get(name) ?? '');
        if (scope === 'SESSION') session.variables.set(name, text);
        else {
          requirePrivilege(fe, session, { privileges: ['OPERATE'] });
          await fe.group.update(() => ({ changes: [change('settings', globalVariableKey(name), text)], value: null }));
        }
      }
      return done();
    },
  },

  setNames: locally(() => done()),
  /** Statements of transactions are taken and do nothing: each INSERT stands alone. */
  transaction: locally(() => done()),

  setRole: locally(({ statement, session, fe }) => {
    const user = fe.group.state.users.get(userKey({ name: session.user, host: session.userHost }));
    const granted = user?.roles ?? [];
    if (statement.roles === 'ALL') session.roles = granted;
    else if (statement.roles === 'DEFAULT') session.roles = user?.defaultRoles ?? [];
    else if (statement.roles === 'NONE') session.roles = [];
    else {
      const missing = statement.roles.find((role) => !granted.includes(role));
      if (missing !== undefined) {
        const account = userKey({ name: session.user, host: session.userHost });
        throw new SqlError(
          1064,
          'HY000',
          `Getting analyzing error. Detail message: Role ${missing} is not granted to ${account}.`,
        );
      }
      session.roles = statement.roles;
    }
    return done();
  }),
};

/** Changes the database of a session, as USE, COM_INIT_DB and the database of a login do. */
export function useDatabase(fe: FrontendContext, session: Session, name: string): void {
  const bare = name.includes('.') ? (name.split('.').at(-1) ?? name) : name;
  const known = bare === 'information_schema' || findDatabase(fe.group.state, bare) !== null;
  if (!known) throw unknownDatabaseHere(fe.release, bare);
  if (bare !== 'information_schema' && !canSeeDatabase(fe.group.state, session, bare)) {
    requirePrivilege(fe, session, { privileges: ['ANY'], object: { kind: 'DATABASE', db: bare } });
  }
  session.db = bare;
}

/** Flags print as `true` and `false` whatever way they were given. */
function variableText(given: string, current: string): string {
  if (current !== 'true' && current !== 'false') return given;
  return String(['1', 'true', 'on'].includes(given.toLowerCase()));
}
