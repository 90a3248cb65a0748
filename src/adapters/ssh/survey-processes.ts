import type { NodeKind } from '../../domain/cluster.ts';
import { addressOf } from './survey-answers.ts';

/** A process that is a node of StarRocks, as /proc shows it. */
export type SeenProcess = {
  readonly kind: NodeKind;
  readonly pid: number;
  readonly ticks: number;
  readonly user: string | null;
  /** Its parent first. */
  readonly parents: readonly number[];
  /** The service whose control group it is in; null = none. A container's or a user's own services do not count. */
  readonly service: string | null;
  /** The addresses at which it listens; null = its open files are closed to us. */
  readonly listensAt: readonly string[] | null;
  /** STARROCKS_HOME; null = its environment is closed to us. */
  readonly home: string | null;
  /** Directories that its arguments name and in which it may lie, the likeliest first. */
  readonly mayLieIn: readonly string[];
};

export type SeenProcesses = {
  readonly nodes: readonly SeenProcess[];
  /** Why there may be more; null = nothing is hidden. */
  readonly hidden: string | null;
};

/** The answer to `nodeProcesses`: of a node that has children which look like it, the oldest process. */
export function parseProcesses(stdout: string): SeenProcesses {
  const lines = stdout.split('\n');
  const starts = lines.flatMap((line, at) => (line.startsWith('process=') ? [at] : []));
  const seen = starts.flatMap((start, index) => parseProcess(lines.slice(start, starts[index + 1])));
  const nodes = seen.filter(
    (one) =>
      !seen.some(
        (other) =>
          other.kind === one.kind && other.pid !== one.pid && one.parents.includes(other.pid) && isSameHome(one, other),
      ),
  );
  return { nodes, hidden: whyHidden(lines) };
}

function isSameHome(one: SeenProcess, other: SeenProcess): boolean {
  return one.home === other.home && one.mayLieIn.join() === other.mayLieIn.join();
}

function whyHidden(lines: readonly string[]): string | null {
  if (!lines.some((line) => line === 'open=yes' || line === 'open=no')) return 'the host does not list its processes';
  if (lines.includes('open=no')) return '/proc hides the processes of other users from this one (hidepid)';
  return lines.includes('tr=yes') ? null : 'without the tool tr the arguments of processes cannot be read';
}

function parseProcess(lines: readonly string[]): SeenProcess[] {
  const all = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  const [pid, ticks] = [Number(all('process')[0]), Number(all('ticks')[0])];
  const args = all('arg');
  const kind = kindOf(all('program')[0] ?? '', args);
  if (lines.includes('ended=yes')) return [];
  if (kind === null || !Number.isInteger(pid) || !Number.isInteger(ticks)) return [];
  return [
    {
      kind,
      pid,
      ticks,
      user: all('user')[0] || null,
      parents: (all('parents')[0] ?? '').split(' ').filter(Boolean).map(Number),
      service: serviceOf(all('cgroup')),
      listensAt: lines.includes('files=open') ? [...new Set(all('listens').map(addressOf))] : null,
      home: all('home')[0] || null,
      mayLieIn: [...new Set(args.flatMap(directoriesIn))],
    },
  ];
}

function kindOf(program: string, args: readonly string[]): NodeKind | null {
  if (program === 'starrocks_be') return args.includes('--cn') ? 'COMPUTE_NODE' : 'BACKEND';
  // Children of a frontend (spark-submit, `java -version`) have its environment, but not its main class.
  const isFrontend = args.some((arg) => arg.startsWith('com.starrocks.StarRocksFE')) && !args.includes('-version');
  return isFrontend ? 'FRONTEND' : null;
}

/** `/opt/be` in `/opt/be/lib/starrocks_be`, `/opt/fe` in `-Djava.security.policy=/opt/fe/conf/udf_security.policy`. */
function directoriesIn(arg: string): string[] {
  const paths = arg.split(/[:=,]/).filter((part) => part.startsWith('/'));
  return paths.flatMap((path) =>
    [...path.matchAll(/(?<=[^/])(?=\/(?:lib|conf|log|bin)\/)/g)].map(({ index }) => path.slice(0, index)).toReversed(),
  );
}

/** `/system.slice/starrocks-be.service`: units of the system, not those of a user, nor of a container's own systemd. */
function serviceOf(cgroups: readonly string[]): string | null {
  const paths = cgroups.flatMap((line) => /^(?:0:|\d+:name=systemd):(\/.*)$/.exec(line)?.[1] ?? []);
  const services = paths.flatMap(
    (path) => /^\/system\.slice\/(?:[^/]+\.slice\/)*([^/]+\.service)(?:\/|$)/.exec(path)?.[1] ?? [],
  );
  return services[0] ?? null;
}
