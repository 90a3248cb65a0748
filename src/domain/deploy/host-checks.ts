import { bytesInWords } from '../backup/sizes.ts';
import type { NodeKind } from '../cluster.ts';
import type { Known } from '../known.ts';
import { type NamedCheck, skipped, type Texts, verdict } from '../verdict.ts';
import type { HostSurvey, SurveyedPath } from './host-survey.ts';
import { type JdkRule, whyNotStart, wordsForJdk } from './jdk.ts';
import { kernelChecks, limitChecks, sizeChecks } from './machine-checks.ts';
import { separateMachines } from './separate-machines.ts';

/** What is to be installed on one host. */
export type HostWish = {
  readonly kinds: readonly NodeKind[];
  /** Null = no version was chosen yet: its JDK is not checked. */
  readonly jdk: JdkRule | null;
  /** The size of the archive; null = not known. */
  readonly packageBytes: number | null;
  readonly deployDirs: readonly string[];
  /** Metadata and storage, with the medium that storage is to have; null = none was named. */
  readonly dataDirs: readonly { readonly path: string; readonly medium: string | null }[];
  /** Ports that are to be free, by their keys in the conf file. */
  readonly ports: readonly { readonly key: string; readonly port: number }[];
};

export type AskedHost = { readonly address: string; readonly survey: Known<HostSurvey>; readonly wish: HostWish };

/** Room for the archive, for what is unpacked from it, and as much again for logs and metadata that grow meanwhile. */
const packagesOfSpace = 3;
const packagesPerFurtherNode = 2;
/** `max_bdbje_clock_delta_ms`: frontends whose clocks differ more do not accept each other. */
const mostClockDifferenceMs = 5_000;

/**
 * Whether nodes can run on these hosts, a line for each question. A BLOCK that nobody could answer fails: what is not
 * known must not be built on. Pure.
 */
export function installChecks(hosts: readonly AskedHost[]): NamedCheck[] {
  const silent = hosts.flatMap(({ address, survey }) => ('unknown' in survey ? [`${address}: ${survey.unknown}`] : []));
  const answered = hosts.flatMap(({ address, survey, wish }) =>
    'value' in survey ? [{ address, survey: survey.value, wish }] : [],
  );
  const answers = verdict('hosts-answer', 'BLOCK', silent.length === 0 && hosts.length > 0, {
    observed: silent.length > 0 ? silent.join('; ') : `${answered.length} of ${hosts.length}`,
    wanted: 'every host answers over SSH',
    hint: 'Mend the login (attachHosts) or the host, then check again.',
  });
  const perHost = answered.map(({ address, survey, wish }) => ({ address, checks: checkHost(survey, wish) }));
  const names = [...new Set(perHost.flatMap(({ checks }) => checks.map(({ name }) => name)))];
  const merged = names.map((name) =>
    mergeChecks(
      perHost.flatMap(({ address, checks }) =>
        checks.filter((check) => check.name === name).map((check) => ({ address, check })),
      ),
    ),
  );
  return [answers, ...merged, ...clockChecks(answered), ...separateMachines(answered)];
}

/** The checks of one host but those that compare hosts. */
export function checkHost(survey: HostSurvey, wish: HostWish): NamedCheck[] {
  return [
    toolsCheck(survey),
    ...(wish.kinds.some(isWorker) ? [avxCheck(survey)] : []),
    ...(wish.kinds.includes('FRONTEND') ? [jdkCheck(survey, wish.jdk)] : []),
    portsCheck(survey, wish),
    ...directoryChecks(survey, wish),
    ...limitChecks(survey, wish.kinds.some(isWorker)),
    ...kernelChecks(survey),
    ...sizeChecks(survey),
  ];
}

function isWorker(kind: NodeKind): boolean {
  return kind !== 'FRONTEND';
}

/** One line for all hosts: what failed comes first, and the worst severity of it counts. */
function mergeChecks(all: readonly { readonly address: string; readonly check: NamedCheck }[]): NamedCheck {
  const [first] = all;
  if (first === undefined) throw new Error('a check of no host');
  const failed = all.filter(({ check }) => check.status === 'FAIL');
  const open = all.filter(({ check }) => check.status === 'SKIPPED');
  const shown = failed.length > 0 ? failed : open.length > 0 ? open : all;
  const worst = shown.find(({ check }) => check.severity === 'BLOCK') ?? shown[0] ?? first;
  const hints = [...new Set(shown.flatMap(({ check }) => check.hint ?? []))];
  const observed = [...new Set(shown.map(({ check }) => check.observed))];
  const [alike] = observed;
  return {
    ...worst.check,
    observed:
      observed.length === 1 && alike !== undefined
        ? `${shown.map(({ address }) => address).join(', ')}: ${alike}`
        : shown.map(({ address, check }) => `${address}: ${check.observed}`).join('; '),
    hint: hints.length === 0 ? null : hints.join(' / '),
  };
}

/** A question that decides and has no answer, where not knowing is as bad as knowing the worst. */
function untold(name: string, why: string, texts: Pick<Texts, 'wanted' | 'hint'>): NamedCheck {
  return verdict(name, 'BLOCK', false, { observed: `cannot be told: ${why}`, ...texts });
}

function toolsCheck({ missingTools }: HostSurvey): NamedCheck {
  return verdict('tools', 'BLOCK', missingTools.length === 0, {
    observed: missingTools.length === 0 ? 'all there' : `without ${missingTools.join(', ')}`,
    wanted: 'the programs that unpack, prove and start a release',
    hint: 'sudo apt-get install -y bash tar gzip coreutils util-linux gawk sed grep procps (or dnf install, with procps-ng)',
  });
}

function avxCheck({ hasAvx2, architecture }: HostSurvey): NamedCheck {
  const wanted = 'AVX2 on x86_64: backends and compute nodes are built for it and end with SIGILL without it';
  const hint = "grep -m1 -ow avx2 /proc/cpuinfo; take another machine, or let the hypervisor pass the host's CPU on";
  if ('value' in architecture && architecture.value === 'aarch64') {
    return skipped('avx2', { why: 'aarch64 has none, and needs an archive that was built for it', wanted });
  }
  if ('unknown' in hasAvx2) return untold('avx2', hasAvx2.unknown, { wanted, hint });
  return verdict('avx2', 'BLOCK', hasAvx2.value, {
    observed: hasAvx2.value ? 'there' : 'the processor has no AVX2',
    wanted,
    hint,
  });
}

function jdkCheck({ java }: HostSurvey, rule: JdkRule | null): NamedCheck {
  if (rule === null)
    return skipped('jdk', { why: 'no version was chosen', wanted: 'a JDK by the rule of the version' });
  const wanted = `${wordsForJdk(rule)} for a frontend`;
  const hint = `sudo apt-get install -y openjdk-${Math.max(rule.minimum, 11)}-jdk-headless, or name one with JAVA_HOME in its conf`;
  if ('unknown' in java) return untold('jdk', java.unknown, { wanted, hint });
  const reasons = java.value.map((jdk) => whyNotStart(jdk, rule));
  const good = java.value.find((_jdk, index) => reasons[index] === null);
  return verdict('jdk', 'BLOCK', good !== undefined, {
    observed:
      good === undefined
        ? reasons.flatMap((reason) => reason ?? []).join(', ') || 'no JDK was found'
        : `${good.version} at ${good.home ?? 'the PATH'}`,
    wanted,
    hint,
  });
}

function portsCheck({ listening, visibleNodes, places }: HostSurvey, { ports }: HostWish): NamedCheck {
  const wanted = 'free ports for every node';
  const hint = 'Give the new node other ports by its conf, or end what listens: sudo ss -ltnp shows it';
  if (ports.length === 0) return skipped('ports-free', { why: 'no port was named', wanted });
  if ('unknown' in listening) return untold('ports-free', listening.unknown, { wanted, hint });
  const reserved = [...visibleNodes, ...places].flatMap(({ kind, ports: own }) =>
    [...own].flatMap(([key, told]) =>
      'value' in told ? [{ port: told.value, by: `${key} of a ${wordOf(kind)}` }] : [],
    ),
  );
  const taken = ports.flatMap(({ key, port }) => {
    const owner = reserved.find((other) => other.port === port)?.by;
    const isOpen = listening.value.some((other) => other.port === port);
    return owner === undefined && !isOpen ? [] : [`${key} ${port} is taken${owner === undefined ? '' : ` (${owner})`}`];
  });
  return verdict('ports-free', 'BLOCK', taken.length === 0, {
    observed: taken.length === 0 ? `${ports.map(({ port }) => port).join(', ')} are free` : taken.join(', '),
    wanted,
    hint,
  });
}

function wordOf(kind: NodeKind): string {
  return kind.toLowerCase().replace('_', ' ');
}

function directoryChecks(survey: HostSurvey, wish: HostWish): NamedCheck[] {
  const paths = [...wish.deployDirs, ...wish.dataDirs.map(({ path }) => path)];
  return [directoriesCheck(survey, paths), spaceCheck(survey, wish), mediumCheck(survey, wish)];
}

function directoriesCheck({ user, paths: found }: HostSurvey, paths: readonly string[]): NamedCheck {
  const wanted = 'directories that are empty or not there, and may be written';
  if (paths.length === 0) return skipped('directories', { why: 'no directory was named', wanted });
  const wrong = paths.flatMap((path) => {
    const why = whyNotUse(found.get(path) ?? { unknown: 'nobody looked' });
    return why === null ? [] : [`${path} ${why}`];
  });
  return verdict('directories', 'BLOCK', wrong.length === 0, {
    observed: wrong.length === 0 ? `${paths.join(', ')} can be used` : wrong.join(', '),
    wanted,
    hint: `sudo install -d -o ${user} -g "$(id -gn ${user})" ${paths.join(' ')}; what holds something is left alone: choose another`,
  });
}

/** Null = a node may be put there. */
function whyNotUse(path: Known<SurveyedPath>): string | null {
  if ('unknown' in path) return `cannot be told: ${path.unknown}`;
  const { isDirectory, isEmpty, isWritable } = path.value;
  if (isDirectory === false) return 'is no directory';
  if (isEmpty === false) return 'is not empty';
  return isWritable ? null : 'may not be written';
}

function spaceCheck({ paths }: HostSurvey, { deployDirs, packageBytes }: HostWish): NamedCheck {
  const name = 'deploy-space';
  const wanted = `${packagesOfSpace} times the size of the release free, and ${packagesPerFurtherNode} more for each further node`;
  if (packageBytes === null) return skipped(name, { why: 'how large the release is is not known', wanted });
  if (deployDirs.length === 0) return skipped(name, { why: 'no directory was named', wanted });
  const hint = 'df -h shows what is full; make room, or choose a directory on another disk';
  const mounts = new Map<string, { free: Known<number>; nodes: number }>();
  for (const dir of deployDirs) {
    const path = paths.get(dir);
    if (path === undefined || 'unknown' in path)
      return untold(name, `${dir}: ${path?.unknown ?? 'nobody looked'}`, { wanted, hint });
    const { mount, freeBytes } = path.value;
    mounts.set(mount, { free: freeBytes, nodes: (mounts.get(mount)?.nodes ?? 0) + 1 });
  }
  const judged = [...mounts].map(([mount, { free, nodes }]) => {
    const needed = packageBytes * (packagesOfSpace + packagesPerFurtherNode * (nodes - 1));
    if ('unknown' in free) return { isEnough: false, text: `${mount}: cannot be told: ${free.unknown}` };
    return {
      isEnough: free.value >= needed,
      text: `${mount}: ${bytesInWords(free.value)} free, ${bytesInWords(needed)} needed`,
    };
  });
  return verdict(
    name,
    'BLOCK',
    judged.every(({ isEnough }) => isEnough),
    {
      observed: judged.map(({ text }) => text).join(', '),
      wanted,
      hint,
    },
  );
}

function mediumCheck({ paths }: HostSurvey, { dataDirs }: HostWish): NamedCheck {
  const name = 'storage-medium';
  const wanted = 'the medium that storage_root_path names for each path';
  const told = dataDirs.flatMap(({ path, medium }) => {
    const found = paths.get(path);
    const kernel = found !== undefined && 'value' in found ? found.value.medium : { unknown: 'nobody looked' };
    return medium === null ? [] : [{ path, medium, kernel }];
  });
  if (told.length === 0) return skipped(name, { why: 'no medium was named', wanted });
  const wrong = told.filter(({ medium, kernel }) => 'value' in kernel && kernel.value !== medium);
  const open = told.filter(({ kernel }) => 'unknown' in kernel);
  if (wrong.length === 0 && open.length > 0) {
    return skipped(name, {
      why: open.map(({ path, kernel }) => `${path}: ${'unknown' in kernel ? kernel.unknown : ''}`).join(', '),
      wanted,
    });
  }
  return verdict(name, 'WARN', wrong.length === 0, {
    observed: (wrong.length > 0 ? wrong : told)
      .map(({ path, medium, kernel }) => `${path}: ${'value' in kernel ? kernel.value : '?'}, named ${medium}`)
      .join(', '),
    wanted,
    hint: 'lsblk -d -o NAME,ROTA shows what a disk is; name the right medium, since tablets are placed by it',
  });
}

function clockChecks(
  hosts: readonly { readonly address: string; readonly survey: HostSurvey; readonly wish: HostWish }[],
): NamedCheck[] {
  const name = 'clocks';
  const wanted = `clocks that differ by no more than ${mostClockDifferenceMs / 1_000} s`;
  const hint = 'sudo timedatectl set-ntp true, or install chrony';
  if (hosts.length === 0) return [];
  const told = hosts.flatMap(({ address, survey: { clock }, wish }) =>
    'value' in clock ? [{ address, wish, ...clock.value }] : [],
  );
  if (told.length < hosts.length) {
    const silent = hosts.filter(({ survey }) => 'unknown' in survey.clock).map(({ address }) => address);
    return [skipped(name, { why: `${silent.join(', ')} tell no time that could be compared`, wanted })];
  }
  // Only what is certain counts: half a round trip either way.
  const off = told.filter(({ aheadMs, withinMs }) => Math.abs(aheadMs) - withinMs > mostClockDifferenceMs);
  const apart = told.some((one) =>
    told.some((other) => one.aheadMs - other.aheadMs - one.withinMs - other.withinMs > mostClockDifferenceMs),
  );
  const hasFrontend = told.some(({ wish }) => wish.kinds.includes('FRONTEND'));
  return [
    verdict(name, hasFrontend ? 'BLOCK' : 'WARN', off.length === 0 && !apart, {
      observed: told
        .map(({ address, aheadMs }) => `${address}: ${aheadMs >= 0 ? '+' : ''}${(aheadMs / 1_000).toFixed(1)} s`)
        .join(', '),
      wanted,
      hint: `${hint}; frontends beyond that refuse each other`,
    }),
  ];
}
