import { done, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { analysisError, executionError } from '../../sql/errors.ts';
import { requirePrivilege } from '../access.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { change } from '../meta/state.ts';

type Kinds =
  | 'changeBackendBlacklist'
  | 'showBackendBlacklist'
  | 'addSqlBlacklist'
  | 'deleteSqlBlacklist'
  | 'showSqlBlacklist';

const needed = { privileges: ['BLACKLIST'] };

/** The list of backends is each frontend's own and gone with its process; that of statements is the cluster's. */
export const blacklistHandlers: Handlers<Kinds> = {
  changeBackendBlacklist: locally(({ statement, session, fe }) => {
    requirePrivilege(fe, session, needed);
    for (const id of statement.ids) {
      if (statement.verb === 'DELETE') fe.avoidedBackends.delete(id);
      else if (fe.group.state.workers.has(String(id))) fe.avoidedBackends.set(id, Date.now());
      else throw executionError(fe.release, `Not found backend: ${id}`);
    }
    return done();
  }),

  showBackendBlacklist: locally(({ session, fe }) => {
    requirePrivilege(fe, session, needed);
    const columns = [
      ...['BackendId', 'AddBlackListType', 'LostConnectionTime', 'LostConnectionNumberInPeriod'],
      'CheckTimePeriod(s)',
    ];
    const rows = [...fe.avoidedBackends].map(([id, at]) => [String(id), 'MANUAL', formatTime(at), '0', '5']);
    return textRows(columns, rows);
  }),

  addSqlBlacklist: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, needed);
    const { pattern } = statement;
    refuseWrongPattern(pattern);
    await fe.group.update((state) => {
      if ([...state.forbiddenSql.values()].includes(pattern)) return { changes: [], value: null };
      const id = Number(state.settings.get('nextForbiddenSql') ?? 0);
      const next = change('settings', 'nextForbiddenSql', String(id + 1));
      return { changes: [change('forbiddenSql', id, pattern), next], value: null };
    });
    return done();
  }),

  deleteSqlBlacklist: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, needed);
    await fe.group.update(() => ({
      changes: statement.ids.map((id) => change('forbiddenSql', id, null)),
      value: null,
    }));
    return done();
  }),

  showSqlBlacklist: locally(({ session, fe }) => {
    requirePrivilege(fe, session, needed);
    return textRows(['Id', 'Forbidden SQL'], [...fe.group.state.forbiddenSql]);
  }),
};

function refuseWrongPattern(pattern: string): void {
  try {
    new RegExp(pattern);
  } catch {
    throw analysisError(`Sql syntax error: Unclosed group near index ${pattern.length}\n${pattern}`);
  }
}
