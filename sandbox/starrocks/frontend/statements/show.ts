import { type Cell, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { SqlError } from '../../sql/errors.ts';
import { canSeeDatabase, requirePrivilege } from '../access.ts';
import { isLike, timeOrNull } from '../format.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { backendRows, computeNodeRows, frontendRows } from '../proc/nodes.ts';
import { brokerRows, isLeaderPath, procRows } from '../proc/paths.ts';
import { evaluate, isTrue } from '../query/evaluate.ts';
import { requireAnyBackend } from '../query/scan.ts';
import { globalVariables, sessionVariables } from '../variables.ts';

type Kinds =
  | 'showFrontends'
  | 'showBackends'
  | 'showComputeNodes'
  | 'showBroker'
  | 'showWarehouses'
  | 'showProc'
  | 'showDatabases'
  | 'showVariables'
  | 'showWarnings'
  | 'showRepositories';

const nodePrivileges = { privileges: ['OPERATE', 'NODE'] };

export const showHandlers: Handlers<Kinds> = {
  showFrontends: onLeader(({ fe, session }) => {
    requirePrivilege(fe, session, nodePrivileges);
    return frontendRows(fe);
  }),
  showBackends: onLeader(({ fe, session }) => {
    requirePrivilege(fe, session, nodePrivileges);
    return backendRows(fe);
  }),
  showComputeNodes: onLeader(({ fe, session }) => {
    requirePrivilege(fe, session, nodePrivileges);
    return computeNodeRows(fe);
  }),
  showBroker: locally(({ fe, session }) => {
    requirePrivilege(fe, session, nodePrivileges);
    return brokerRows(fe);
  }),

  showProc: {
    place: ({ path }, _fe, session) => {
      return isLeaderPath(path) || session.variables.get('forward_to_leader') === 'true' ? 'leader' : 'local';
    },
    run: ({ fe, session, statement }) => {
      requirePrivilege(fe, session, { privileges: ['OPERATE'] });
      return procRows(fe, statement.path);
    },
  },

  showWarehouses: locally(({ fe, statement }) => {
    const { release } = fe;
    if (release.atLeast(3, 5)) throw new SqlError(5907, '42000', 'unsupported statement in shared_nothing mode');
    const matches = statement.pattern === null || isLike('default_warehouse', statement.pattern);
    const started = formatTime(fe.self.startedAt);
    if (!release.atLeast(3, 3)) {
      return textRows(
        ['Id', 'Warehouse', 'State', 'ClusterCount'],
        matches ? [['0', 'default_warehouse', 'AVAILABLE', '1']] : [],
      );
    }
    const columns = [
      ...[
        'Id',
        'Name',
        'State',
        'NodeCount',
        'CurrentClusterCount',
        'MaxClusterCount',
        'StartedClusters',
        'RunningSql',
      ],
      ...['QueuedSql', 'CreatedOn', 'ResumedOn', 'UpdatedOn', 'Comment'],
    ];
    const row = ['0', 'default_warehouse', 'AVAILABLE', '0', '1', '1', '1', '0', '0', started, started, started];
    return textRows(columns, matches ? [[...row, 'An internal warehouse init after FE is ready']] : []);
  }),

  showDatabases: locally(({ fe, session, statement }) => {
    const names = [...fe.group.state.databases.values()].map(({ name }) => name).concat('information_schema');
    const shown = names.filter((name) => {
      const visible = name === 'information_schema' || canSeeDatabase(fe.group.state, session, name);
      return visible && (statement.pattern === null || isLike(name, statement.pattern));
    });
    return textRows(
      ['Database'],
      shown.sort().map((name) => [name]),
    );
  }),

  showVariables: locally(({ fe, session, statement }) => {
    const { global, verbose, pattern, where } = statement;
    // With WHERE it is a SELECT of information_schema, and a backend has to do that.
    if (where) requireAnyBackend(fe);
    const variables = global ? globalVariables(fe) : sessionVariables(fe, session);
    const columns = (name: string) => (name.toLowerCase() === 'value' ? 'value' : 'name');
    const shown = [...variables].filter(([name, value]) => {
      if (pattern !== null) return isLike(name, pattern);
      const row = { name, value };
      return where === null || isTrue(evaluate(where, { fe, session, row: (asked) => row[columns(asked)] }));
    });
    const sorted = shown.sort(([a], [b]) => (a < b ? -1 : 1));
    if (!verbose) return textRows(['Variable_name', 'Value'], sorted);
    const defaults = globalVariables(fe);
    const rows = sorted.map(([name, value]): Cell[] => {
      const fallback = defaults.get(name) ?? '';
      return [name, value, fallback, value === fallback ? '0' : '1'];
    });
    return textRows(['Variable_name', 'Value', 'Default_value', 'Is_changed'], rows);
  }),

  showWarnings: locally(() => textRows(['Level', 'Code', 'Message'], [])),
  showRepositories: locally(({ fe }) => {
    const rows = [...fe.group.state.repositories.values()].map((one) => [
      String(one.id),
      one.name,
      timeOrNull(one.createdAt),
      String(one.readOnly),
      one.location,
      one.broker,
      fe.repositoryErrors.get(one.id) ?? null,
    ]);
    return textRows(['RepoId', 'RepoName', 'CreateTime', 'IsReadOnly', 'Location', 'Broker', 'ErrMsg'], rows);
  }),
};
