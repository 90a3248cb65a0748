import { jsonResponse, type Request, type Response } from '../http-server.ts';
import type { Counters } from './counters.ts';
import type { Storage } from './storage.ts';

type Options = { storage: Storage; counters: Counters; metricsPage: () => string; stop: () => void };

/** What a BE or CN answers on be_http_port; nothing of it asks for a login. */
export function createBackendRoutes(options: Options): (request: Request) => Response | null {
  const { storage, counters, metricsPage, stop } = options;
  return (request) => {
    counters.add('http_requests_total');
    switch (`${request.method} ${request.path}`) {
      case 'GET /api/health':
        return { type: 'application/json', body: '{"status": "OK","msg": "To Be Added"}' };
      case 'GET /metrics':
        return metrics(metricsPage(), request.query.get('type'));
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

const coreNames = [
  ...['max_disk_io_util_percent', 'max_network_receive_bytes_rate', 'max_network_send_bytes_rate'],
  ...['process_fd_num_used', 'process_thread_num', 'push_request_write_bytes_per_second'],
  'query_scan_bytes_per_second',
];

function metrics(page: string, type: string | null): Response {
  const body = type === 'core' ? corePage(page) : page;
  return { type: 'text/plain; version=0.0.4', body };
}

function corePage(page: string): string {
  const lines = page.split('\n').map((line) => line.split(' '));
  return lines
    .filter(([name]) => coreNames.some((core) => name === `starrocks_be_${core}`))
    .map(([name, value]) => `${name} LONG ${value}\n`)
    .join('');
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
