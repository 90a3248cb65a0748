import type { ImportLine } from './import-lines.ts';

/**
 * The parts of `src/`: a folder is a part. `main.ts` and `app/` put everything together. The other files directly in `src/`
 * are parts of their own; everyone may use `errors.ts`.
 */
export type Part =
  | 'domain'
  | 'steps'
  | 'operations'
  | 'runs'
  | 'adapters'
  | 'store'
  | 'jobs'
  | 'monitor'
  | 'schema'
  | 'resolvers'
  | 'api'
  | 'bot'
  | 'charts'
  | 'errors'
  | 'ids'
  | 'due-loop'
  | 'config'
  | 'composition';

/**
 * How far an arrow goes: all of the part, its types only, or what loads no driver (of adapters: ports, text, parsers),
 * neither by itself nor through others.
 */
type Reach = 'all' | 'types' | 'driverless';

type Rule = {
  parts: Partial<Record<Part, Reach>>;
  /** When given, these packages and no others. Otherwise any that no other part owns (see `owners`). */
  packages?: readonly string[];
};

const drawing = [
  ...['@resvg/resvg-wasm', 'echarts/charts', 'echarts/components', 'echarts/core', 'echarts/renderers'],
  'pino',
];

const rules: Record<Exclude<Part, 'composition'>, Rule> = {
  errors: { parts: {}, packages: [] },
  ids: { parts: {}, packages: ['ulid'] },
  // A timer and a list of what is under way: what is due, and who claims it, is brought along by those who use it.
  'due-loop': { parts: {}, packages: ['pino'] },
  config: { parts: { domain: 'all' }, packages: ['zod'] },
  // Croner only reads cron expressions there: it gets no function to call, so it starts no timer.
  domain: { parts: {}, packages: ['croner'] },
  steps: { parts: { domain: 'all', adapters: 'driverless', ids: 'all' }, packages: ['zod'] },
  operations: { parts: { domain: 'all', steps: 'all', adapters: 'driverless', ids: 'all' }, packages: ['zod'] },
  runs: {
    parts: { domain: 'all', steps: 'all', operations: 'all', adapters: 'driverless', store: 'all', ids: 'all' },
  },
  adapters: { parts: { domain: 'all' } },
  store: { parts: { domain: 'all', ids: 'all' } },
  jobs: { parts: { runs: 'all', domain: 'all', store: 'all', 'due-loop': 'all' } },
  monitor: { parts: { domain: 'all', adapters: 'driverless', store: 'all', ids: 'all', 'due-loop': 'all' } },
  schema: { parts: { operations: 'all', domain: 'all' }, packages: ['zod', 'graphql'] },
  resolvers: { parts: { operations: 'all', runs: 'all', store: 'all', domain: 'all', schema: 'all' } },
  api: {
    parts: { resolvers: 'all', schema: 'all', operations: 'all', runs: 'all', store: 'all', domain: 'all' },
  },
  // Draws, in a thread of its own; what is drawn, and the words for it, are the domain's.
  charts: { parts: { domain: 'all' }, packages: drawing },
  bot: { parts: { operations: 'all', runs: 'all', store: 'all', domain: 'all', 'due-loop': 'all' } },
};

/**
 * What the doors may take from the store: nouns through `reads/`, where rights stand in the SQL; changes that are not the work
 * of a run by these files, which look at rights themselves; what is Slack's own.
 */
const behindDoors: Partial<Record<Part, readonly string[]>> = {
  resolvers: [
    'reads/',
    'database.ts',
    'access/audit.ts',
    'access/people.ts',
    'alerts/alert-decisions.ts',
    'alerts/alert-handling.ts',
    'backups/pins.ts',
    'backups/policies.ts',
    'calendar/blackouts.ts',
    'calendar/holds.ts',
    'calendar/windows.ts',
    'escalation/',
    'silences/silences.ts',
    'rules/overrides.ts',
    'rules/own-rules.ts',
    'slack/slack.ts',
    'upgrades/releases.ts',
  ],
  bot: [
    'reads/',
    'database.ts',
    'alerts/alert-decisions.ts',
    'alerts/alert-handling.ts',
    'calendar/holds.ts',
    'escalation/',
    'silences/silences.ts',
    'slack/',
  ],
  api: ['reads/', 'database.ts', 'access/actors.ts', 'access/audit.ts', 'store-errors.ts', 'write-mark.ts'],
};

/** Packages that speak to the outside, and the only places that may load them. */
const owners: readonly { package: RegExp; places: readonly string[] }[] = [
  { package: /^ssh2$/, places: ['src/adapters/ssh/'] },
  { package: /^mysql2(\/|$)/, places: ['src/adapters/starrocks/', 'src/store/'] },
  { package: /^undici$/, places: ['src/adapters/http/', 'src/adapters/prometheus/'] },
  { package: /^@(aws-sdk|smithy)\//, places: ['src/adapters/object-store/'] },
  { package: /^kysely(\/|$)/, places: ['src/store/'] },
  { package: /^bullmq$/, places: ['src/jobs/'] },
  { package: /^ioredis$/, places: ['src/jobs/'] },
  { package: /^croner$/, places: ['src/domain/cron.ts'] },
  { package: /^@slack\//, places: ['src/bot/'] },
  { package: /^(@resvg\/.*|echarts(\/.*)?)$/, places: ['src/charts/'] },
];

const drivers = /^(ssh2|undici|mysql2(\/.*)?|@(aws-sdk|smithy)\/.*)$/;

export type SourceFile = { path: string; imports: readonly ImportLine[]; callsFetch: boolean };

export function partOf(path: string): Part | null {
  const [, folder = '', ...rest] = path.split('/');
  switch (folder) {
    case 'domain':
    case 'steps':
    case 'adapters':
    case 'store':
    case 'jobs':
    case 'monitor':
    case 'schema':
    case 'resolvers':
    case 'bot':
    case 'charts':
    case 'operations':
    case 'runs':
    case 'api':
      return folder;
    case 'app':
      return 'composition';
    case 'errors.ts':
      return 'errors';
    case 'ids.ts':
      return 'ids';
    case 'due-loop.ts':
      return 'due-loop';
    case 'config.ts':
      return 'config';
    default:
      return rest.length === 0 ? 'composition' : null;
  }
}

/** Every arrow that the table above does not have, as sentences. */
export function findForbiddenArrows(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files.flatMap((file) =>
    file.imports
      .map((line) => ({ line, reason: refusal(file.path, line, byPath) }))
      .filter(({ reason }) => reason !== null)
      .map(({ line, reason }) => `${file.path} imports ${line.target}: ${reason}`),
  );
}

function refusal(path: string, line: ImportLine, files: ReadonlyMap<string, SourceFile>): string | null {
  const from = partOf(path);
  if (from === null) return `${path.split('/')[1]}/ is not a part that the architecture knows`;
  switch (line.kind) {
    case 'built-in':
      return null;
    case 'package':
      return refusedPackage({ path, from, name: line.target });
    case 'file':
      return refusedFile({ path, from, line, files });
    default:
      return line.kind satisfies never;
  }
}

function refusedPackage({ path, from, name }: { path: string; from: Part; name: string }) {
  const owner = owners.find((candidate) => candidate.package.test(name));
  if (owner !== undefined && !owner.places.some((place) => path.startsWith(place))) {
    return `only ${owner.places.join(' and ')} may`;
  }
  const allowed = from === 'composition' ? undefined : rules[from].packages;
  if (allowed === undefined || allowed.includes(name)) return null;
  return allowed.length === 0 ? `${from} uses no package` : `${from} uses ${allowed.join(', ')} only`;
}

type FileArrow = { path: string; from: Part; line: ImportLine; files: ReadonlyMap<string, SourceFile> };

function refusedFile({ path, from, line, files }: FileArrow) {
  if (!line.target.startsWith('src/')) return 'nothing outside src/ belongs to the product';
  const to = partOf(line.target);
  if (to === null) return 'it is in no part that the architecture knows';
  if (from === 'adapters' && to === 'adapters') return refusedAdapter(path, line, files);
  if (hostText.test(line.target))
    return 'only src/adapters/ may write text for hosts; take the port, or a reader on it';
  if (from === 'store' && to === 'store') return refusedInStore(path, line.target);
  if (from === 'composition' || to === 'errors' || from === to) return null;
  const allowed = to === 'store' ? behindDoors[from] : undefined;
  if (allowed?.every((place) => !line.target.startsWith(`src/store/${place}`)))
    return `${from} may take of the store ${allowed.join(', ')} only`;
  const reach = rules[from].parts[to];
  if (reach === undefined) return `${from} may not know ${to}`;
  if (line.typeOnly || reach === 'all') return null;
  switch (reach) {
    case 'types':
      return `${from} may know the types of ${to} only`;
    case 'driverless':
      return loads(line.target, isDriver, files) ? `${from} may not reach a driver; take the port` : null;
    default:
      return reach satisfies never;
  }
}

/** Where commands for hosts are put together. Everybody else says what is wanted. */
const hostText =
  /^src\/adapters\/ssh\/(?:[\w-]*commands|quote|shell-text|locked-script|finding-node|start-once|until-ended|say-if-gone|kill-process)\.ts$/;

/**
 * Adapters share what lies beside their folders, which may name their ports, and know nothing of each other, but for `nodes/`: what runs a node on a host
 * is reached through the port of `ssh/`, with its text.
 */
function refusedAdapter(path: string, line: ImportLine, files: ReadonlyMap<string, SourceFile>) {
  const folder = (file: string) => file.split('/').slice(2, -1).join('/');
  const [from, to] = [folder(path), folder(line.target)];
  if (to === '' || to === from || (from === '' && line.typeOnly && line.target.endsWith('/port.ts'))) return null;
  if (from !== 'nodes' || to !== 'ssh') return 'adapters may not know each other';
  return !line.typeOnly && loads(line.target, isDriver, files) ? 'nodes may not reach a driver; take the port' : null;
}

/** Reads take of an aggregate what makes a thing of a row, and nothing that reads or writes by its own SQL. */
function refusedInStore(path: string, target: string) {
  if (!path.startsWith('src/store/reads/') || target.startsWith('src/store/reads/')) return null;
  const [, , folder = '', ...rest] = target.split('/');
  return rest.length === 0 || folder === 'generated' || target.endsWith('-rows.ts')
    ? null
    : 'reads take of an aggregate its rows only';
}

type Test = (line: ImportLine) => boolean;

const isDriver: Test = ({ kind, target }) => kind === 'package' && drivers.test(target);

/** Whether loading that file loads something of the kind asked for, directly or through others. */
function loads(path: string, test: Test, files: ReadonlyMap<string, SourceFile>, seen = new Set<string>()): boolean {
  const file = files.get(path);
  if (file === undefined || seen.has(path)) return false;
  seen.add(path);
  if (file.callsFetch && test === isDriver) return true;
  return file.imports
    .filter((line) => !line.typeOnly)
    .some((line) => test(line) || (line.kind === 'file' && loads(line.target, test, files, seen)));
}
