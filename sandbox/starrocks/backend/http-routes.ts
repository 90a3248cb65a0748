import { cpuUsage, memoryUsage } from 'node:process';
import { jsonResponse, type Request, type Response } from '../http-server.ts';
import type { Storage } from './storage.ts';

type Options = { storage: Storage; stop: () => void };

/** What a BE or CN answers on be_http_port; nothing of it asks for a login. */
export function createBackendRoutes({ storage, stop }: Options): (request: Request) => Response | null {
  return (request) => {
    switch (`${request.method} ${request.path}`) {
      case 'GET /api/health':
        return { type: 'application/json', body: '{"status": "OK","msg": "To Be Added"}' };
      case 'GET /metrics':
        return { type: 'text/plain; version=0.0.4', body: metricsText(storage) };
      case 'POST /api/compact':
        return compact(storage, request.query);
      case 'POST /api/update_config':
        return { type: 'application/json', body: '{"status": "OK","msg": ""}' };
      case 'GET /api/_stop_be':
        setImmediate(stop);
        return jsonResponse({ status: 'OK' });
      default:
        return null;
    }
  };
}

function compact(storage: Storage, query: URLSearchParams): Response {
  const tabletId = Number(query.get('tablet_id'));
  const type = query.get('compaction_type') ?? '';
  const known = storage.tablets().some((tablet) => tablet.tabletId === tabletId);
  if (!['base', 'cumulative', 'update'].includes(type)) {
    return jsonResponse({ status: 'Failed', msg: `unsupport compaction type:${type}` });
  }
  if (!known) return jsonResponse({ status: 'Failed', msg: `Not Found tablet:${tabletId}` });
  return { type: 'application/json', body: '{"status": "Success", "msg": "compaction task executed successful"}' };
}

/** The BE's text: no HELP lines, `,` between labels, labels in alphabetical order. */
function metricsText(storage: Storage): string {
  const disks = storage.usage();
  const perDisk = (name: string, value: (disk: (typeof disks)[number]) => number) =>
    family(
      name,
      'gauge',
      disks.map((disk) => [`{path="${disk.path}"}`, value(disk)]),
    );
  const cpuMs = Math.round((cpuUsage().user + cpuUsage().system) / 10_000);
  const tablets = storage.tablets();
  const rowsets = Math.max(0, ...tablets.map(({ version }) => version));
  return [
    perDisk('disks_total_capacity', (disk) => disk.totalBytes),
    perDisk('disks_avail_capacity', (disk) => disk.availableBytes),
    perDisk('disks_data_used_capacity', (disk) => disk.usedBytes),
    perDisk('disks_state', () => 1),
    family('process_mem_bytes', 'gauge', [['', memoryUsage.rss()]]),
    family('query_mem_bytes', 'gauge', [['', 0]]),
    family('load_mem_bytes', 'gauge', [['', 0]]),
    family('process_fd_num_used', 'gauge', [['', 64]]),
    family('process_fd_num_limit_soft', 'gauge', [['', 655350]]),
    family('process_thread_num', 'gauge', [['', 300]]),
    family('max_disk_io_util_percent', 'gauge', [['', 0]]),
    family('cpu', 'counter', [
      ['{mode="idle"}', Math.round(performance.now() / 10)],
      ['{mode="iowait"}', 0],
      ['{mode="system"}', 0],
      ['{mode="user"}', cpuMs],
    ]),
    family('engine_requests_total', 'counter', engineRequests()),
    family('max_tablet_rowset_num', 'gauge', [['', rowsets]]),
    family('tablet_base_max_compaction_score', 'gauge', [['', 0]]),
    family('tablet_cumulative_max_compaction_score', 'gauge', [['', rowsets]]),
    family('load_rows', 'counter', [['', 0]]),
    family('load_bytes', 'counter', [['', disks.reduce((sum, disk) => sum + disk.usedBytes, 0)]]),
    family('query_scan_bytes', 'counter', [['', 0]]),
    family('query_scan_rows', 'counter', [['', 0]]),
    family('upload_queue_count', 'gauge', [['', 0]]),
    family('clone_queue_count', 'gauge', [['', 0]]),
  ].join('');
}

function engineRequests(): [string, number][] {
  const types = ['base_compaction', 'clone', 'create_tablet', 'cumulative_compaction', 'drop_tablet', 'publish'];
  return types.flatMap((type): [string, number][] => [
    [`{status="failed",type="${type}"}`, 0],
    [`{status="total",type="${type}"}`, 0],
  ]);
}

function family(name: string, type: 'gauge' | 'counter', series: [labels: string, value: number][]): string {
  const lines = series.map(([labels, value]) => `starrocks_be_${name}${labels} ${value}\n`);
  return `# TYPE starrocks_be_${name} ${type}\n${lines.join('')}`;
}
