import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readPage } from '../../../src/adapters/http/exposition.ts';
import { wantFamilies } from '../../../src/adapters/http/page-families.ts';

const load = (name: string) => readFileSync(new URL(`../../fixtures/metrics/frontend-${name}.txt`, import.meta.url));
const pages = { leader: readPage(load('leader')), follower: readPage(load('follower')) };

/** The values of a series that is written `name label=value label=value`. */
function valuesOf(page: keyof typeof pages, series: string): number[] {
  const [name, ...labels] = series.split(' ');
  const wanted = Object.fromEntries(labels.map((label) => label.split('=')));
  const isWanted = (given: object) => JSON.stringify(given) === JSON.stringify(wanted);
  return pages[page].samples
    .filter((sample) => sample.name === name && isWanted(sample.labels))
    .map(({ value }) => value);
}

/* Written down by hand from the pages of a leader and a follower that really ran. */
const leader: [series: string, value: number][] = [
  ['jvm_heap_size_bytes type=max', 1_520_435_200],
  ['jvm_heap_size_bytes type=used', 438_104_048],
  ['jvm_non_heap_size_bytes type=committed', 247_267_328],
  ['jvm_old_size_bytes type=peak_used', 408_150_760],
  ['jvm_young_size_bytes type=used', 7_663_144],
  ['jvm_direct_buffer_pool_size_bytes type=count', 198],
  ['jvm_young_gc type=count', 22],
  ['jvm_young_gc type=time', 2_586],
  ['jvm_old_gc type=time', 4_406],
  ['jvm_thread type=count', 389],
  ['jvm_thread type=peak_count', 696],
  ['starrocks_fe_job is_leader=true job=load type=INSERT state=FINISHED', 23],
  ['starrocks_fe_job is_leader=true job=load type=INSERT state=CANCELLED', 3],
  ['starrocks_fe_job is_leader=true job=load type=BROKER state=CANCELLED', 1],
  ['starrocks_fe_job is_leader=true job=alter type=ROLLUP state=running', 0],
  ['starrocks_fe_max_journal_id', 2_750],
  ['starrocks_fe_meta_log_count', 742],
  ['starrocks_fe_scheduled_tablet_num is_leader=true', 0],
  ['starrocks_fe_routine_load_jobs is_leader=true state=STOPPED', 2],
  ['starrocks_fe_routine_load_jobs is_leader=true state=RUNNING', 0],
  ['starrocks_fe_qps', 0],
  ['starrocks_fe_query_internal_err_rate', -2.625],
  ['starrocks_fe_query_analysis_err_rate', -1.5],
  ['starrocks_fe_max_tablet_compaction_score', 100],
  ['starrocks_fe_query_latency type=95_quantile', 0],
  ['starrocks_fe_safe_mode type=safe_mode', 0],
  ['starrocks_fe_tablet_count', 149],
  ['starrocks_fe_request_total', 2_680],
  ['starrocks_fe_query_total', 170],
  ['starrocks_fe_query_err', 66],
  ['starrocks_fe_query_success', 104],
  ['starrocks_fe_query_analysis_err', 42],
  ['starrocks_fe_query_internal_err', 24],
  ['starrocks_fe_edit_log_size_bytes', 1_327_651],
  ['starrocks_fe_brpc_total', 140],
  ['starrocks_fe_txn_begin', 44],
  ['starrocks_fe_txn_success', 3],
  ['starrocks_fe_txn_failed', 41],
  ['starrocks_fe_unfinished_backup_job', -1],
  ['starrocks_fe_unfinished_restore_job', 4],
  ['starrocks_fe_snmp name=tcp_retrans_segs', 226],
  ['starrocks_fe_thread_pool name=thrift-server-pool type=pool_size', 158],
  ['starrocks_fe_thread_pool name=heartbeat-mgr-pool type=completed_task_count', 924],
  ['starrocks_fe_tablet_num is_leader=true backend=192.0.2.21:9050', 130],
  ['starrocks_fe_tablet_num is_leader=true backend=192.0.2.23:9050', 34],
  ['starrocks_fe_tablet_max_compaction_score is_leader=true backend=192.0.2.22:9050', 100],
  ['starrocks_fe_table_num db_name=information_schema', 58],
  ['starrocks_fe_database_num', 6],
  ['starrocks_fe_query_latency_ms quantile=0.75', 35],
  ['starrocks_fe_query_latency_ms quantile=0.95', 80],
  ['starrocks_fe_query_latency_ms quantile=0.999', 139],
  ['starrocks_fe_query_latency_ms_sum', 3_165.236_374_126_271_6],
  ['starrocks_fe_query_latency_ms_count', 104],
  ['starrocks_fe_http_request_handle_latency_ms_sum', 47_531.480_206_142_49],
  ['starrocks_fe_connection_total user=root', 0],
  ['starrocks_fe_connection_total user=a.b', 0],
  ['starrocks_fe_txn_running db=sales', 0],
  ['node_info type=fe_node_num state=alive', 3],
  ['node_info type=be_node_num state=total', 3],
  ['node_info type=be_node_num state=decommissioned', 0],
  ['node_info type=is_master', 1],
];

const follower: [series: string, value: number][] = [
  ['jvm_heap_size_bytes type=used', 618_835_000],
  ['jvm_old_size_bytes type=max', 1_048_576_000],
  ['jvm_direct_buffer_pool_size_bytes type=capacity', 67_063_137],
  ['jvm_old_gc type=count', 4],
  ['jvm_thread type=count', 105],
  ['starrocks_fe_tablet_num is_leader=false backend=192.0.2.21:9050', 0],
  ['starrocks_fe_max_journal_id', 2_750],
  ['starrocks_fe_meta_log_count', 742],
  ['starrocks_fe_query_internal_err_rate', -0.125],
  ['starrocks_fe_query_timeout_rate', -0.125],
  ['starrocks_fe_query_latency_ms_count', 0],
  ['starrocks_fe_memory_usage module=Load className=LoadMgr', 4_752],
  ['starrocks_fe_memory_usage module=Backup className=BackupHandler', 480],
  ['starrocks_fe_database_num', 6],
  ['starrocks_fe_connection_total user=nodeadm', 0],
  ['starrocks_fe_txn_running db=_statistics_', 0],
  ['node_info type=cn_node_num state=alive', 0],
];

describe('the page of a real leader', () => {
  it.each(leader)('says %s is %d', (series, value) => {
    expect(valuesOf('leader', series)).toEqual([value]);
  });

  it('has no line that cannot be read', () => {
    expect(pages.leader).toMatchObject({ oddities: [], oddityCount: 0, isCut: false });
  });

  it('tells who tried to log in under a name that cannot exist', () => {
    const { impossibleUsers, impossibleUserCount } = pages.leader;
    const long = 'x'.repeat(65);
    const harmless = ['用户', 'a@b', 'root ', 'ünïcödé', long, "o'brien", 'back`tick', '--', '%', '*', 'u1@10.1'];
    expect(impossibleUserCount).toBe(18);
    expect(impossibleUsers.filter(({ isHostile }) => isHostile).map(({ name }) => name)).toEqual([
      'back\\slash',
      'nl\nx',
      'a"b',
      'tab\tx',
    ]);
    expect(impossibleUsers.filter(({ isHostile }) => !isHostile).map(({ name }) => name)).toEqual([
      ...harmless,
      'sp ace',
      '😀',
      ';',
    ]);
  });

  it('counts the connections of 34 users, hostile names left out', () => {
    expect(pages.leader.samples.filter(({ name }) => name === 'starrocks_fe_connection_total').length).toBe(34);
  });
});

describe('the page of a real follower', () => {
  it.each(follower)('says %s is %d', (series, value) => {
    expect(valuesOf('follower', series)).toEqual([value]);
  });

  it('says of nobody that he leads, and has nothing odd', () => {
    expect(valuesOf('follower', 'node_info type=is_master')).toEqual([]);
    expect(pages.follower).toMatchObject({ oddityCount: 0, impossibleUserCount: 0, isCut: false });
  });
});

it('gives of the wanted families what it gives of all', () => {
  const wanted = new Set([
    'node_info',
    'starrocks_fe_connection_total',
    'starrocks_fe_query_latency_ms_sum',
    'jvm_old_gc',
  ]);
  const selected = readPage(load('leader'), wantFamilies(wanted));
  expect(selected.samples).toEqual(pages.leader.samples.filter(({ name }) => wanted.has(name)));
  expect(selected).toMatchObject({ impossibleUserCount: 18, oddityCount: 0, sampleLines: pages.leader.sampleLines });
});
