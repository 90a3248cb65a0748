import type { FrontendContext } from './context.ts';
import type { Session } from './session.ts';

/** Asked for once: the first question loads all that Node knows of languages and time zones. */
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

const defaults: [string, string][] = [
  ['auto_increment_increment', '1'],
  ['autocommit', 'true'],
  ['character_set_client', 'utf8'],
  ['character_set_connection', 'utf8'],
  ['character_set_results', 'utf8'],
  ['character_set_server', 'utf8'],
  ['collation_connection', 'utf8_general_ci'],
  ['collation_server', 'utf8_general_ci'],
  ['forward_to_leader', 'false'],
  ['init_connect', ''],
  ['interactive_timeout', '3600'],
  ['license', 'Apache License 2.0'],
  ['lower_case_table_names', '0'],
  ['max_allowed_packet', '33554432'],
  ['net_write_timeout', '60'],
  ['parallel_fragment_exec_instance_num', '1'],
  ['pipeline_dop', '0'],
  ['query_cache_size', '1048576'],
  ['query_cache_type', '0'],
  ['query_mem_limit', '0'],
  ['query_timeout', '300'],
  ['insert_timeout', '14400'],
  ['sql_mode', 'ONLY_FULL_GROUP_BY'],
  ['sql_select_limit', '9223372036854775807'],
  ['system_time_zone', timeZone],
  ['time_zone', timeZone],
  ['transaction_isolation', 'REPEATABLE-READ'],
  ['tx_isolation', 'REPEATABLE-READ'],
  ['wait_timeout', '28800'],
];

const readOnly = new Set(['version', 'version_comment', 'license', 'system_time_zone', 'lower_case_table_names']);
const globalPrefix = 'variable.';

/** What a new session starts with: the defaults, and over them what SET GLOBAL put for the whole cluster. */
export function globalVariables(fe: FrontendContext): Map<string, string> {
  const variables = new Map([
    ...defaults,
    ['version', fe.config.get('mysql_server_version')] as const,
    ['version_comment', fe.release.text] as const,
  ]);
  for (const [key, value] of fe.group.state.settings) {
    if (key.startsWith(globalPrefix)) variables.set(key.slice(globalPrefix.length), value);
  }
  return variables;
}

export function sessionVariables(fe: FrontendContext, session: Session): Map<string, string> {
  return new Map([...globalVariables(fe), ...session.variables]);
}

/** The key under which SET GLOBAL keeps a value in the metadata. */
export function globalVariableKey(name: string): string {
  return `${globalPrefix}${name}`;
}

export function isReadOnlyVariable(name: string): boolean {
  return readOnly.has(name);
}
