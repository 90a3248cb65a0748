import type { LocatedProperties } from './cursor.ts';
import type { Span } from './errors.ts';

/** Every statement that the stand-in understands, as the parser hands it on. */
export type Statement =
  | TopologyStatement
  | AdminStatement
  | ShowStatement
  | TableStatement
  | BackupStatement
  | AccessStatement
  | RoutineLoadStatement
  | SessionStatement
  | SelectStatement;

export type TableName = { db: string | null; name: string };
export type Properties = Record<string, string>;
export type FrontendRole = 'FOLLOWER' | 'OBSERVER';
export type WorkerKind = 'BACKEND' | 'COMPUTE NODE';

export type TopologyStatement =
  | { kind: 'addFrontend'; role: FrontendRole; address: string }
  | { kind: 'dropFrontend'; role: FrontendRole; address: string }
  | { kind: 'addWorkers'; worker: WorkerKind; addresses: string[]; warehouse: string | null }
  | { kind: 'dropWorkers'; worker: WorkerKind; addresses: string[]; warehouse: string | null; force: boolean }
  | { kind: 'decommission'; addresses: string[] }
  | { kind: 'cancelDecommission'; addresses: string[] }
  | { kind: 'moveFrontend'; from: string; to: string }
  | { kind: 'moveBackend'; from: string; to: string }
  | { kind: 'labelBackend'; address: string; properties: Properties }
  | { kind: 'createImage' }
  | { kind: 'cleanScheduler' }
  | { kind: 'changeDisks'; state: DiskCommand; paths: string[]; address: string }
  | { kind: 'addBrokers'; name: string; addresses: string[] }
  | { kind: 'dropBrokers'; name: string; addresses: string[] | 'all' };
export type DiskCommand = 'DECOMMISSION' | 'CANCEL DECOMMISSION' | 'DISABLE' | 'CANCEL DISABLE';

export type AdminStatement =
  | { kind: 'showConfig'; pattern: string | null }
  | { kind: 'setConfig'; properties: Properties; persistent: boolean }
  /** Null = OFF. */
  | { kind: 'setAutomatedSnapshot'; volume: string | null }
  | { kind: 'showReplicaStatus'; table: TableName; partitions: string[] | null; where: StatusFilter | null; span: Span }
  | { kind: 'showReplicaDistribution'; table: TableName; partitions: string[] | null; span: Span }
  | { kind: 'setReplicaStatus'; properties: LocatedProperties }
  | { kind: 'repairTable'; table: TableName; partitions: string[] | null; cancel: boolean }
  | { kind: 'checkTablets'; ids: number[]; properties: LocatedProperties }
  | { kind: 'changeBackendBlacklist'; verb: 'ADD' | 'DELETE'; ids: number[] }
  | { kind: 'showBackendBlacklist' }
  | { kind: 'addSqlBlacklist'; pattern: string }
  | { kind: 'deleteSqlBlacklist'; ids: number[] }
  | { kind: 'showSqlBlacklist' }
  | { kind: 'kill'; target: 'CONNECTION' | 'QUERY'; id: number | string };
export type StatusFilter = { equal: boolean; status: string; span: Span };

/** How the rows of a SHOW are to be sorted and cut. */
export type RowOrder = { column: string | null; descending: boolean; limit: number | null };

export type RoutineLoadStatement =
  | { kind: 'createRoutineLoad'; job: TableName; table: string; properties: Properties; source: Properties }
  | { kind: 'controlRoutineLoad'; action: 'PAUSE' | 'RESUME' | 'STOP'; job: TableName }
  | {
      kind: 'showRoutineLoad';
      history: boolean;
      job: TableName | null;
      db: string | null;
      where: { word: string; text: string } | null;
      order: RowOrder;
    };

export type ShowStatement =
  | { kind: 'showFrontends' }
  | { kind: 'showBackends' }
  | { kind: 'showComputeNodes' }
  | { kind: 'showBroker' }
  | { kind: 'showWarehouses'; pattern: string | null }
  | { kind: 'showProc'; path: string }
  | { kind: 'showProcessList'; full: boolean; user: string | null }
  | { kind: 'showDatabases'; pattern: string | null }
  | { kind: 'showTables'; db: string | null; pattern: string | null; full: boolean }
  | { kind: 'showColumns'; table: TableName }
  | { kind: 'showCreateTable'; table: TableName }
  | { kind: 'showPartitions'; table: TableName }
  | { kind: 'showTablet'; target: number | TableName }
  | { kind: 'showVariables'; global: boolean; verbose: boolean; pattern: string | null; where: Expression | null }
  | { kind: 'showGrants'; user: UserName | null; role: string | null }
  | { kind: 'showUsers' }
  | { kind: 'showRoles' }
  | { kind: 'showWarnings' }
  | { kind: 'showCatalogs' }
  | {
      kind: 'showLoad';
      db: string | null;
      everywhere: boolean;
      where: { word: string; text: string } | null;
      order: RowOrder;
    }
  | { kind: 'showProperty'; user: string | null }
  | { kind: 'showData'; table: TableName | null }
  | { kind: 'showAlterTable'; what: 'COLUMN' | 'ROLLUP' | 'OPTIMIZE'; db: string | null }
  | { kind: 'showAuthentication'; user: UserName | null; everybody: boolean }
  | { kind: 'showStorageVolumes' }
  | { kind: 'showResourceGroups'; all: boolean };

export type ColumnDefinition = { name: string; type: string; nullable: boolean; fallback: string | null };
export type KeyType = 'DUPLICATE' | 'PRIMARY' | 'UNIQUE';
export type RangePartition = { name: string; upper: string | null };
export type CreateTable = {
  kind: 'createTable';
  table: TableName;
  ifNotExists: boolean;
  columns: ColumnDefinition[];
  keyType: KeyType | null;
  keys: string[];
  partitionColumn: string | null;
  partitions: RangePartition[];
  distribution: { columns: string[]; buckets: number | null };
  comment: string;
  properties: Properties;
};
export type TableStatement =
  | { kind: 'createDatabase'; name: string; ifNotExists: boolean }
  | { kind: 'dropDatabase'; name: string; ifExists: boolean; force: boolean }
  | CreateTable
  | { kind: 'dropTable'; table: TableName; ifExists: boolean; force: boolean }
  | { kind: 'recoverDatabase'; name: string }
  | { kind: 'recoverTable'; table: TableName }
  | { kind: 'recoverPartition'; partition: string; table: TableName }
  | { kind: 'truncate'; table: TableName; partitions: string[] | null }
  | { kind: 'createView'; view: TableName; ifNotExists: boolean; definition: string; select: SelectStatement }
  | {
      kind: 'createMaterializedView';
      view: TableName;
      ifNotExists: boolean;
      definition: string;
      select: SelectStatement;
      distribution: { columns: string[]; buckets: number | null };
      properties: Properties;
    }
  | { kind: 'dropView'; view: TableName; materialized: boolean; ifExists: boolean }
  | { kind: 'addPartition'; table: TableName; partition: RangePartition; temporary: boolean }
  | {
      kind: 'dropPartition';
      table: TableName;
      partition: string;
      temporary: boolean;
      ifExists: boolean;
      force: boolean;
    }
  | { kind: 'replacePartition'; table: TableName; partitions: string[]; temporary: string[]; keepsNewNames: boolean }
  | { kind: 'renameTable'; table: TableName; to: string }
  | { kind: 'renamePartition'; table: TableName; partition: string; to: string }
  | { kind: 'swapTable'; table: TableName; other: string }
  | { kind: 'addColumn'; table: TableName; column: ColumnDefinition }
  | { kind: 'createCatalog'; name: string; comment: string; properties: Properties }
  | { kind: 'dropCatalog'; name: string }
  | { kind: 'setTableProperties'; table: TableName; properties: Properties }
  | {
      kind: 'insert';
      table: TableName;
      partitions: string[] | null;
      temporary: boolean;
      columns: string[] | null;
      source: Expression[][] | SelectStatement;
    };

export type BackupObject = {
  table: string;
  partitions: string[] | null;
  alias: string | null;
  /** Where it stands, for what is refused about it. */
  at: { line: number; column: number };
  partitionsAt: Span;
};
/** What stands in ON (...): tables and views by name, and whole kinds. */
export type BackupSelection = {
  named: BackupObject[];
  all: ('TABLES' | 'VIEWS' | 'MATERIALIZED VIEWS' | 'FUNCTIONS')[];
  functions: string[];
};
export type BackupStatement =
  | {
      kind: 'createRepository';
      name: string;
      readOnly: boolean;
      broker: string;
      location: string;
      properties: Properties;
    }
  | { kind: 'dropRepository'; name: string }
  | { kind: 'dropSnapshot'; snapshot: string; repository: string; force: boolean }
  | { kind: 'showRepositories' }
  | {
      kind: 'backup';
      db: string | null;
      snapshot: string;
      repository: string;
      objects: BackupSelection | null;
      properties: Properties;
    }
  | {
      kind: 'restore';
      db: string | null;
      sourceDb: string | null;
      snapshot: string;
      repository: string;
      objects: BackupSelection | null;
      properties: Properties;
    }
  | {
      kind: 'backupCatalogs';
      /** Null for all of them. */
      catalogs: string[] | null;
      snapshot: string;
      repository: string;
      properties: Properties;
    }
  | { kind: 'cancelJob'; job: 'BACKUP' | 'RESTORE'; db: string | null; ofCatalogs: boolean }
  | { kind: 'showJob'; job: 'BACKUP' | 'RESTORE'; db: string | null }
  | {
      kind: 'showSnapshot';
      repository: string;
      snapshot: string | null;
      like: string | null;
      timestamp: string | null;
    };

export type UserName = { name: string; host: string };
export type GrantTarget = { kind: 'user'; user: UserName } | { kind: 'role'; role: string };
export type PrivilegeObject =
  | { kind: 'SYSTEM' }
  | { kind: 'CATALOG' }
  | { kind: 'DATABASE'; db: string }
  | { kind: 'TABLE'; db: string; table: string };
export type AccessStatement =
  | { kind: 'createUser'; user: UserName; password: string; ifNotExists: boolean; defaultRoles: string[] }
  | { kind: 'alterUser'; user: UserName; password: string | null; defaultRoles: string[] | 'ALL' | null }
  | { kind: 'dropUser'; user: UserName; ifExists: boolean }
  | { kind: 'setPassword'; user: UserName | null; password: string }
  | { kind: 'createRole'; names: string[]; ifNotExists: boolean }
  | { kind: 'dropRole'; names: string[]; ifExists: boolean }
  | { kind: 'grantRoles'; revoke: boolean; roles: string[]; target: GrantTarget }
  | { kind: 'grantPrivileges'; revoke: boolean; privileges: string[]; object: PrivilegeObject; target: GrantTarget }
  | { kind: 'setProperty'; user: string | null; properties: Properties }
  | { kind: 'setRole'; roles: string[] | 'ALL' | 'DEFAULT' | 'NONE' };

export type SessionStatement =
  | { kind: 'use'; db: string }
  | { kind: 'setVariables'; assignments: { scope: 'GLOBAL' | 'SESSION'; name: string; value: Expression }[] }
  | { kind: 'setNames' }
  | { kind: 'transaction' };

export type Expression =
  | { kind: 'literal'; value: Value }
  | { kind: 'column'; table: string | null; name: string }
  | { kind: 'variable'; name: string }
  | { kind: 'call'; name: string; args: Expression[]; distinct: boolean }
  | { kind: 'star' }
  | { kind: 'not'; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'in'; operand: Expression; items: Expression[]; negated: boolean }
  | { kind: 'isNull'; operand: Expression; negated: boolean };
export type Value = string | number | bigint | boolean | null;

export type SelectItem = { expression: Expression; alias: string | null; text: string };
export type SelectStatement = {
  kind: 'select';
  items: SelectItem[];
  distinct: boolean;
  from: TableName | null;
  where: Expression | null;
  groupBy: Expression[];
  having: Expression | null;
  orderBy: { expression: Expression; descending: boolean }[];
  limit: number | null;
  offset: number;
};
