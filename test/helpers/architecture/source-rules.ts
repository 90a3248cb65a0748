import { readImportLines } from './import-lines.ts';

const readsEnvironment =
  /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\[['"]env['"]\]|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process['"]/;
/** Asking what kind of schema it is; a schema that is made and used to parse asks nothing. */
const looksIntoZod = /\binstanceof z\.|\b_zod\b|\.def\.type\b/;
const zodReader = 'src/operations/input/read-fields.ts';
const globalFetch = /(?<![.\w])fetch\(/;
const comments = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
/** The type of a command, or one that is written out: no statement has a name. */
const hostCommand = /\bShellCommand\b|\bname:\s*['"`][\w-]+['"`],\s*text:/;
const longest = 500;
/** The first of rows in an order: without a limit, all of them come. */
const readsAllForOne = /\.orderBy\((?:(?!\.limit\(|;)[\s\S])*\.executeTakeFirst/;

/** Rules about one file of `src/` that its text alone can break, as sentences. */
export function findBrokenRules(path: string, source: string): string[] {
  const code = source.replace(comments, '');
  const lines = source.split('\n').length - 1;
  return [
    readsEnvironment.test(code) && path !== 'src/config.ts' ? `${path} reads process.env; only src/config.ts may` : [],
    callsFetch(source) && !path.startsWith('src/adapters/http/')
      ? `${path} calls fetch; only src/adapters/http/ may`
      : [],
    looksIntoZod.test(code) && path !== zodReader ? `${path} looks into zod; only ${zodReader} may` : [],
    hostCommand.test(code) && !path.startsWith('src/adapters/')
      ? `${path} has to do with commands for hosts; only src/adapters/ may`
      : [],
    ...foreignTables(path, code).map((table) => `${path} changes or reads ${table}, which is another aggregate's`),
    readsAllForOne.test(code) ? `${path} takes the first of all rows; \`.limit(1)\` lets the server send one` : [],
    isBarrel(path, source) && path !== 'src/operations/index.ts' ? `${path} only passes on what others export` : [],
    lines > longest && !path.includes('/generated/') ? `${path} has ${lines} lines; ${longest} is the most` : [],
  ].flat();
}

/** The tables of each folder of `src/store/`. Others are asked for by functions, but for the `joined` ones, in a join with one's own. */
const tables: Readonly<Record<string, { own: readonly string[]; joined?: readonly string[] }>> = {
  access: { own: ['person', 'role_binding', 'api_token', 'audit_event'] },
  alerts: { own: ['alert', 'alert_event', 'hidden_by_run'] },
  clusters: { own: ['cluster', 'cluster_node', 'host', 'host_key', 'check_report', 'removed_node'] },
  backups: {
    own: ['backup', 'backup_content', 'backup_verification', 'backup_objects', 'backup_policy', 'repository'],
    joined: ['run', 'cluster'],
  },
  schedules: { own: ['schedule', 'schedule_firing'], joined: ['run', 'cluster'] },
  calendar: { own: ['maintenance_window', 'blackout', 'automation_hold'] },
  silences: { own: ['silence'] },
  // Which clusters are due to be looked at, and which looks are about none any more.
  metrics: { own: ['metric_state', 'metric_facts', 'metric_tail', 'metric_chunk'], joined: ['cluster'] },
  probes: { own: ['probe', 'probe_sample'], joined: ['cluster'] },
  rules: { own: ['alert_rule', 'alert_rule_override'] },
  // Which alerts are to be looked at, under the lock of each.
  escalation: {
    own: [
      ...['alert_route', 'on_call_rotation', 'on_call_override', 'routing_lock'],
      ...['escalation', 'escalation_step', 'escalation_delivery'],
    ],
    joined: ['alert'],
  },
  runs: {
    own: [
      ...['run', 'run_step', 'run_event', 'temporary_change', 'cluster_lock'],
      ...['approval', 'approval_vote', 'idempotency_key'],
    ],
  },
  secrets: { own: ['secret'] },
  // Which runs and alerts have no message yet, or one that is older than they are.
  slack: {
    own: [
      ...['slack_identity', 'slack_link_code', 'slack_request', 'slack_draft', 'slack_card', 'slack_line'],
      ...['alert_channel', 'alert_digest', 'alert_group', 'alert_delivery'],
    ],
    joined: ['run', 'alert', 'hidden_by_run', 'idempotency_key', 'escalation_delivery'],
  },
  upgrades: { own: ['release', 'upgrade'] },
};
const namedTable = /\b(selectFrom|\w+Join|updateTable|insertInto|deleteFrom|replaceInto)\(\s*'([a-z_]+)[' ]/g;

/** Tables that a file of an aggregate names although they are another's. `reads/` reads them all, and changes none. */
function foreignTables(path: string, code: string): readonly string[] {
  const [, part, folder = '', ...rest] = path.split('/');
  if (part !== 'store' || rest.length === 0 || folder === 'migrations') return [];
  const owned = tables[folder];
  return [...code.matchAll(namedTable)].flatMap(([, verb = '', table = '']) => {
    const isRead = verb === 'selectFrom' || verb.endsWith('Join');
    if (folder === 'reads') return isRead ? [] : [table];
    const isOwn = owned?.own.includes(table) === true;
    return isOwn || (isRead && owned?.joined?.includes(table) === true) ? [] : [table];
  });
}

/** The kinds of steps that a file of `src/` names although they are a family's own. Migrations speak of the kinds of their day. */
export function findForeignKinds(path: string, source: string, kinds: readonly string[]): string[] {
  if (/^src\/(steps|operations\/\w+|store\/migrations)\//.test(path)) return [];
  const literal = new RegExp(`['"\`](${kinds.join('|')})['"\`]`, 'g');
  return [...source.replace(comments, '').matchAll(literal)].map(([, kind]) => `${path} names the step kind ${kind}`);
}

export function callsFetch(source: string) {
  return globalFetch.test(source.replace(comments, ''));
}

/** A file all of whose statements are `export … from`. */
function isBarrel(path: string, source: string) {
  const code = source.replace(comments, '');
  const rest = code.replace(/^export\s[^;'"]*?from\s*['"][^'"]+['"];?/gm, '').trim();
  return rest === '' && readImportLines(path, code).length > 0;
}
