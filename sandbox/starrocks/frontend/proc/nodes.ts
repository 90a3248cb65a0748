import { type Cell, type RowSet, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import type { Release } from '../../release.ts';
import type { FrontendContext } from '../context.ts';
import { replicaCounts } from '../data/placement.ts';
import { formatBytes, formatPercent, timeOrNull } from '../format.ts';
import type { Frontend, Worker } from '../meta/state.ts';

/** SHOW FRONTENDS and `/frontends`. The answering frontend knows itself best: its row is always alive. */
export function frontendRows(fe: FrontendContext): RowSet {
  const withId = fe.release.atLeast(3, 5);
  const columns = [
    ...(withId ? ['Id'] : []),
    ...['Name', 'IP', 'EditLogPort', 'HttpPort', 'QueryPort', 'RpcPort', 'Role', 'ClusterId', 'Join', 'Alive'],
    ...['ReplayedJournalId', 'LastHeartbeat', 'IsHelper', 'ErrMsg', 'StartTime', 'Version'],
  ];
  const clusterId = fe.group.state.settings.get('clusterId') ?? '';
  const known = [...fe.group.state.frontends.values()];
  const twice = known.filter(({ host }) => fe.faults.strike('frontend-twice', host) !== null).map(staleTwin);
  const rows = inHashOrder([...known, ...twice]).map((frontend) => {
    const one = frontend.name === fe.self.name ? refreshed(frontend, fe) : frontend;
    return [...(withId ? [String(one.id)] : []), ...frontendCells(one, fe, clusterId)];
  });
  return textRows(columns, rows);
}

/** Its StartTime, as that of others, is what a heartbeat of this run told; until the first one there is none. */
function refreshed(frontend: Frontend, fe: FrontendContext): Frontend {
  const { queryPort, rpcPort } = fe.self;
  const startedAt = frontend.startedAt === fe.self.startedAt ? frontend.startedAt : null;
  const lastHeartbeatAt = frontend.lastHeartbeatAt ?? Date.now();
  const own = { queryPort, rpcPort, startedAt, lastHeartbeatAt, errMsg: '', version: fe.release.text };
  return { ...frontend, ...own, alive: true, replayedJournalId: fe.group.applied };
}

/** What is left of a pod that came back under its name: StarRocks keeps both entries and takes the old one for dead. */
function staleTwin(frontend: Frontend): Frontend {
  const [born] = /\d+$/.exec(frontend.name) ?? ['0'];
  const name = `${frontend.name.slice(0, -born.length)}${Number(born) - 90_000_000}`;
  const dead = { joined: false, alive: false, errMsg: 'got exception', startedAt: null };
  return { ...frontend, ...dead, name, version: 'UNKNOWN-1e222c2' };
}

/** They stand in a hash table by name, and nobody sorts them: the order is that of the names' Java hash codes. */
function inHashOrder(frontends: Frontend[]): Frontend[] {
  const slots = Math.max(16, 2 ** Math.ceil(Math.log2(frontends.length / 0.75)));
  const slotOf = ({ name }: Frontend) => {
    let hash = 0;
    for (const char of name) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0;
    return (hash ^ (hash >>> 16)) & (slots - 1);
  };
  return frontends.sort((a, b) => slotOf(a) - slotOf(b));
}

function frontendCells(one: Frontend, fe: FrontendContext, clusterId: string): Cell[] {
  return [
    one.name,
    one.host,
    String(one.editLogPort),
    String(fe.self.httpPort),
    String(one.queryPort),
    String(one.rpcPort),
    shownRole(one, fe),
    clusterId,
    // Who is a member is asked of the journal's group, which knows nobody while it has no leader.
    String(one.joined && !fe.group.isHandingOver),
    String(one.alive),
    String(one.replayedJournalId),
    timeOrNull(one.lastHeartbeatAt),
    String(one.isHelper),
    one.errMsg,
    one.alive && one.startedAt !== null ? formatTime(one.startedAt) : 'NULL',
    one.version ?? 'NULL',
  ];
}

/** Up to 3.2 the last known leader keeps the word; from 3.3 on it is asked for, and without a majority nobody has it. */
function shownRole(one: Frontend, fe: FrontendContext): string {
  const { group, release } = fe;
  const known = !release.atLeast(3, 3) || group.role !== 'UNKNOWN';
  return known && group.leaderName === one.name ? 'LEADER' : one.role;
}

/** SHOW BACKENDS and `/backends`, with the columns of the release, sorted by IP and BePort. */
export function backendRows(fe: FrontendContext): RowSet {
  const { release } = fe;
  const columns = [
    ...[
      'BackendId',
      'IP',
      'HeartbeatPort',
      'BePort',
      'HttpPort',
      'BrpcPort',
      'LastStartTime',
      'LastHeartbeat',
      'Alive',
    ],
    ...[
      'SystemDecommissioned',
      'ClusterDecommissioned',
      'TabletNum',
      'DataUsedCapacity',
      'AvailCapacity',
      'TotalCapacity',
    ],
    ...['UsedPct', 'MaxDiskUsedPct', 'ErrMsg', 'Version', 'Status', 'DataTotalCapacity', 'DataUsedPct', 'CpuCores'],
    ...(release.atLeast(3, 3) ? ['MemLimit'] : []),
    ...['NumRunningQueries', 'MemUsedPct', 'CpuUsedPct'],
    ...(release.atLeast(3, 3) ? ['DataCacheMetrics'] : []),
    ...(release.atLeast(3, 2) ? ['Location'] : []),
    ...(release.atLeast(3, 4) ? ['StatusCode'] : []),
  ];
  const counts = replicaCounts(fe.group.state);
  const backends = workersOf(fe, 'BACKEND');
  return textRows(
    columns,
    backends.map((one) => inWordsOf(fe, backendCells(one, counts.get(one.id) ?? 0, release))),
  );
}

function backendCells(one: Worker, tablets: number, release: Release): Cell[] {
  const used = sum(one, 'usedBytes');
  const available = sum(one, 'availableBytes');
  const total = sum(one, 'totalBytes');
  const fullest = Math.max(0, ...one.disks.map((disk) => 1 - disk.availableBytes / Math.max(1, disk.totalBytes)));
  const reported = one.tabletsReportedAt === null ? 'N/A' : formatTime(one.tabletsReportedAt);
  return [
    ...addressCells(one),
    String(one.alive),
    String(one.decommissioned),
    'false',
    String(tablets),
    formatBytes(used),
    formatBytes(one.disks.length === 0 ? 1 : available),
    formatBytes(total),
    formatPercent((total - available) / Math.max(1, total)),
    formatPercent(fullest),
    one.errMsg,
    one.version,
    `{"lastSuccessReportTabletsTime":"${reported}"}`,
    formatBytes(used + available),
    formatPercent(used / Math.max(1, used + available)),
    String(one.cpuCores),
    ...(release.atLeast(3, 3) ? [formatBytes(one.memLimitBytes, '')] : []),
    String(one.runningQueries),
    formatPercent(one.alive ? (one.memUsedShare ?? 0.0001) : 0),
    formatPercent(one.alive ? (one.cpuUsedShare ?? 0) : 0, 1),
    ...(release.atLeast(3, 3) ? ['N/A'] : []),
    ...(release.atLeast(3, 2) ? [one.location] : []),
    ...(release.atLeast(3, 4) ? [one.status] : []),
  ];
}

/** SHOW COMPUTE NODES and `/compute_nodes`. */
export function computeNodeRows(fe: FrontendContext): RowSet {
  const { release } = fe;
  const columns = [
    ...[
      'ComputeNodeId',
      'IP',
      'HeartbeatPort',
      'BePort',
      'HttpPort',
      'BrpcPort',
      'LastStartTime',
      'LastHeartbeat',
      'Alive',
    ],
    ...['SystemDecommissioned', 'ClusterDecommissioned', 'ErrMsg', 'Version', 'CpuCores'],
    ...(release.atLeast(3, 3) ? ['MemLimit'] : []),
    ...['NumRunningQueries', 'MemUsedPct', 'CpuUsedPct'],
    ...(release.atLeast(3, 3) ? ['DataCacheMetrics'] : []),
    'HasStoragePath',
    ...(release.atLeast(3, 4) ? ['StatusCode'] : []),
  ];
  const rows = workersOf(fe, 'COMPUTE NODE').map((one) => [
    ...addressCells(one),
    String(one.alive),
    String(one.decommissioned),
    'false',
    one.errMsg,
    one.version,
    String(one.cpuCores),
    ...(release.atLeast(3, 3) ? [formatBytes(one.memLimitBytes, '')] : []),
    String(one.runningQueries),
    formatPercent(one.alive ? (one.memUsedShare ?? 0.0001) : 0),
    formatPercent(one.alive ? (one.cpuUsedShare ?? 0) : 0, 1),
    ...(release.atLeast(3, 3) ? ['N/A'] : []),
    String(one.disks.length > 0),
    ...(release.atLeast(3, 4) ? [one.status] : []),
  ]);
  return textRows(columns, rows);
}

function addressCells(one: Worker): Cell[] {
  const ports = [one.heartbeatPort, one.bePort, one.httpPort, one.brpcPort].map(String);
  return [String(one.id), one.host, ...ports, timeOrNull(one.startedAt), timeOrNull(one.lastHeartbeatAt)];
}

function workersOf(fe: FrontendContext, kind: Worker['kind']): Worker[] {
  const found = [...fe.group.state.workers.values()].filter((one) => one.kind === kind);
  return found.sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.bePort - b.bePort));
}

function sum(worker: Worker, field: 'totalBytes' | 'availableBytes' | 'usedBytes'): number {
  return worker.disks.reduce((total, disk) => total + disk[field], 0);
}

/** Sizes and shares with a decimal comma, as a JVM writes them in a locale that has one. */
function inWordsOf(fe: FrontendContext, cells: Cell[]): Cell[] {
  if (fe.faults.strike('decimal-commas', '') === null) return cells;
  return cells.map((cell) => cell?.replace(/^(\d+)\.(\d+)(?= ?([KMGTP]?B|%)$)/, '$1,$2') ?? null);
}

/** `/backends/<id>`: one row a disk. */
export function diskRows(fe: FrontendContext, worker: Worker): RowSet {
  const columns = [
    ...['RootPath', 'DataUsedCapacity', 'OtherUsedCapacity', 'AvailCapacity', 'TotalCapacity', 'TotalUsedPct', 'State'],
    ...['PathHash', 'StorageMedium', 'TabletNum', 'DataTotalCapacity', 'DataUsedPct'],
  ];
  const rows = worker.disks.map((disk) => [
    disk.path,
    formatBytes(disk.usedBytes),
    formatBytes(Math.max(0, disk.totalBytes - disk.availableBytes - disk.usedBytes)),
    formatBytes(disk.availableBytes),
    formatBytes(disk.totalBytes),
    formatPercent(1 - disk.availableBytes / Math.max(1, disk.totalBytes)),
    'ONLINE',
    disk.pathHash,
    disk.medium ?? 'HDD',
    String(disk.tabletNum ?? 0),
    formatBytes(disk.usedBytes + disk.availableBytes),
    formatPercent(disk.usedBytes / Math.max(1, disk.usedBytes + disk.availableBytes)),
  ]);
  return textRows(
    columns,
    rows.map((row) => inWordsOf(fe, row)),
  );
}
