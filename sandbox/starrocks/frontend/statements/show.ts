import { textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { canSeeDatabase, requirePrivilege } from '../access.ts';
import { isLike, timeOrNull } from '../format.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { backendRows, computeNodeRows, frontendRows } from '../proc/nodes.ts';
import { brokerRows, isLeaderPath, procRows } from '../proc/paths.ts';
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
  | 'showCatalogs'
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
    const matches = statement.pattern === null || isLike('default_warehouse', statement.pattern);
    const started = formatTime(fe.self.startedAt);
    if (!release.atLeast(3, 3)) {
      return textRows(
        ['Id', 'Warehouse', 'State', 'ClusterCount'],
        matches ? [['0', 'default_warehouse', 'AVAILABLE', '1']] : [],
      );
    }
    const property = release.atLeast(3, 5) ? ['Property'] : [];
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
      ...['QueuedSql', 'CreatedOn', 'ResumedOn', 'UpdatedOn', ...property, 'Comment'],
    ];
    const row = ['0', 'default_warehouse', 'AVAILABLE', '0', '1', '1', '1', '0', '0', started, started, started];
    return textRows(
      columns,
      matches ? [[...row, ...property.map(() => ''), 'An internal warehouse init after FE is ready']] : [],
    );
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
    const variables = statement.global ? globalVariables(fe) : sessionVariables(fe, session);
    const shown = [...variables].filter(([name]) => statement.pattern === null || isLike(name, statement.pattern));
    return textRows(
      ['Variable_name', 'Value'],
      shown.sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }),

  showWarnings: locally(() => textRows(['Level', 'Code', 'Message'], [])),
  showCatalogs: locally(() => {
    const comment = "An internal catalog contains this cluster's self-managed tables.";
    return textRows(['Catalog', 'Type', 'Comment'], [['default_catalog', 'Internal', comment]]);
  }),

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
