import { needsCompiler, whyNotStart, wordsForJdk } from '../deploy/jdk.ts';
import { type NamedCheck, passedByAll } from '../verdict.ts';
import { count, wordsForStart } from '../words.ts';
import type { NodeOnHost, UnitStartLimit, UpgradeFacts, UpgradeHost, UpgradeNode } from './checks-facts.ts';
import { nodesToChange } from './checks-release.ts';
import { type CheckName, partition, skipped, some, verdict } from './checks-verdict.ts';
import type { Release } from './release.ts';

/** Room for the archive itself, for what is unpacked from it, and as much again for logs and metadata that grow meanwhile. */
const archiveSizesOfSpace = 3;
/** What a further node on the same file system needs: the archive is there once for all of them. */
const archiveSizesPerFurtherNode = 2;
/** `max_bdbje_clock_delta_ms`: frontends whose clocks differ more do not accept each other. */
const mostClockDifferenceMs = 5_000;

/** Checks about hosts, directories, JDKs and services of the nodes that are to be changed. */
export function hostChecks(facts: UpgradeFacts): NamedCheck[] {
  const nodes = nodesToChange(facts);
  return [
    attachedCheck(nodes),
    answerCheck(facts.hosts, nodes),
    toolsCheck(facts.hosts),
    spaceCheck(facts, nodes),
    problemCheck('swap-possible', nodes, {
      problemOf: ({ swapProblem }) => swapProblem,
      wanted: 'a directory of the node that may be written to, on one file system',
      hint: 'Binaries are put in place by renaming: give the login user the directory, and keep bin/ and lib/ on its file system.',
    }),
    serviceCheck(nodes),
    jdkCheck(facts.release, nodes),
    ...clockChecks(facts.hosts),
  ];
}

export function attachedCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  if (nodes.length === 0) return skipped('hosts-attached', 'no node is to be changed');
  const missing = nodes.filter((node) => node.hostId === null || node.deployDir === null);
  return verdict('hosts-attached', 'BLOCK', missing.length === 0, {
    observed:
      missing.length === 0
        ? `${count(nodes.length, 'node')} with a host`
        : `no host: ${missing.map(({ label }) => label).join(', ')}`,
    wanted: 'SSH access to the host of every node',
    hint: 'Attach them with attachHosts.',
  });
}

export function answerCheck(hosts: readonly UpgradeHost[], nodes: readonly UpgradeNode[]): NamedCheck {
  const name = 'hosts-answer';
  if (hosts.length === 0) return skipped(name, 'no host is attached');
  const silent = [
    ...partition(hosts.map(({ address, look }) => ({ label: address, answer: look }))).failed,
    ...partition(nodes.map(({ label, onHost }) => ({ label, answer: onHost }))).failed,
  ];
  const check = verdict(name, 'BLOCK', silent.length === 0, {
    observed:
      silent.length === 0
        ? `${count(hosts.length, 'host')} ${hosts.length === 1 ? 'answers' : 'answer'}`
        : some(silent),
    wanted: 'every host answers over SSH',
    hint: 'Mend the access to the host; acceptHostKey trusts a new key.',
  });
  return passedByAll(check, { told: askedOf(nodes), of: nodes.length, what: 'nodes' });
}

function toolsCheck(hosts: readonly UpgradeHost[]): NamedCheck {
  const { answered } = partition(hosts.map(({ address, look }) => ({ label: address, answer: look })));
  if (answered.length === 0) return skipped('tools-on-host', 'no host was asked');
  const lacking = answered.filter(({ value }) => value.missingTools.length > 0);
  const check = verdict('tools-on-host', 'BLOCK', lacking.length === 0, {
    observed:
      lacking.length === 0
        ? `on ${count(answered.length, 'host')}`
        : some(lacking.map(({ label, value }) => `${label} lacks ${value.missingTools.join(', ')}`)),
    wanted: 'the programs that unpack an archive and prove its checksum',
    hint: 'Install them from the packages of the operating system.',
  });
  return passedByAll(check, { told: answered.length, of: hosts.length, what: 'hosts' });
}

function spaceCheck({ release, archive }: UpgradeFacts, nodes: readonly UpgradeNode[]): NamedCheck {
  const name = 'disk-space';
  if (release === null) return skipped(name, 'there is no release to make room for');
  const sizeBytes = release.sizeBytes ?? (archive !== null && 'value' in archive ? archive.value.sizeBytes : null);
  const places = placesOf(nodes);
  if (places.length === 0) return skipped(name, 'no host was asked');
  const wanted = `${archiveSizesOfSpace} times the archive free where each node is`;
  if (sizeBytes === null) {
    return verdict(name, 'WARN', false, {
      observed: `the size of the archive is not known; ${some(places.map(({ labels, disk }) => `${labels[0]} has ${disk === null ? 'an unknown space' : mebibytes(disk.freeBytes)}`))}`,
      wanted,
      hint: 'Compare by hand, then accept the warning.',
    });
  }
  const short = places.flatMap(({ labels, disk }) => {
    if (disk === null) return [`${labels.join(' and ')}: the space could not be read`];
    const needed = sizeBytes * (archiveSizesOfSpace + archiveSizesPerFurtherNode * (labels.length - 1));
    if (disk.freeBytes >= needed) return [];
    return [
      `${labels.join(' and ')}: ${mebibytes(disk.freeBytes)} free on ${disk.mountPoint}, ${mebibytes(needed)} needed`,
    ];
  });
  const check = verdict(name, 'BLOCK', short.length === 0, {
    observed: short.length === 0 ? `enough for ${mebibytes(sizeBytes)} on ${places.length} file systems` : some(short),
    wanted,
    hint: 'Free space there, or finalize an earlier upgrade that still keeps its old binaries.',
  });
  return passedByAll(check, { told: askedOf(nodes), of: nodes.length, what: 'nodes' });
}

function askedOf(nodes: readonly UpgradeNode[]): number {
  return nodes.filter(({ onHost }) => onHost !== null && 'value' in onHost).length;
}

type Place = { readonly labels: string[]; readonly disk: NodeOnHost['disk'] };

/** The file systems on which nodes are; two nodes of a host may share one. */
function placesOf(nodes: readonly UpgradeNode[]): Place[] {
  const places = new Map<string, Place>();
  for (const { label, hostId, onHost } of nodes) {
    if (onHost === null || 'failed' in onHost) continue;
    const { disk } = onHost.value;
    const key = JSON.stringify([hostId, disk?.mountPoint ?? label]);
    const place = places.get(key) ?? { labels: [], disk };
    place.labels.push(label);
    places.set(key, place);
  }
  return [...places.values()];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}

type Asking = { problemOf: (found: NodeOnHost, node: UpgradeNode) => string | null; wanted: string; hint: string };

export function problemCheck(
  name: CheckName,
  nodes: readonly UpgradeNode[],
  { problemOf, ...texts }: Asking,
): NamedCheck {
  const asked = nodes.flatMap((node) =>
    node.onHost !== null && 'value' in node.onHost
      ? [{ label: node.label, problem: problemOf(node.onHost.value, node) }]
      : [],
  );
  if (asked.length === 0) return skipped(name, 'no host was asked');
  const problems = asked.flatMap(({ label, problem }) => (problem === null ? [] : [`${label}: ${problem}`]));
  const observed = problems.length === 0 ? count(asked.length, 'node') : some(problems);
  const check = verdict(name, 'BLOCK', problems.length === 0, { observed, ...texts });
  return passedByAll(check, { told: asked.length, of: nodes.length, what: 'nodes' });
}

export function serviceCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  const check = controlCheck(nodes);
  if (check.status !== 'PASS') return check;
  const strangers = nodes.flatMap(({ label, onHost }) => {
    const startedAs = onHost !== null && 'value' in onHost ? onHost.value.startedAs : undefined;
    return startedAs === undefined ? [] : [`${label} ${wordsForStart(startedAs)}`];
  });
  if (strangers.length > 0)
    return verdict('service-control', 'WARN', false, {
      observed: some(strangers),
      wanted: 'every node is started by the user whom it belongs to',
      hint: 'Attach the host again with the login of that user; files that another one writes may be closed to it afterwards.',
    });
  const limits = nodes.flatMap(({ label, onHost }) => {
    const limit = onHost !== null && 'value' in onHost ? onHost.value.startLimit : undefined;
    return limit === undefined || limit.burst >= startsOf(limit) ? [] : [{ label, limit }];
  });
  if (limits.length === 0) return check;
  const observed = limits.map(
    ({ label, limit }) =>
      `${label}: ${limit.unit} may be started ${limit.burst} times in ${Math.round(limit.intervalMs / 1000)} s, and the run and its way back may need ${startsOf(limit)}`,
  );
  const fixed = limits.find(({ limit }) => !limit.mayReset)?.limit;
  if (fixed === undefined)
    return { ...check, observed: `${check.observed}; ${some(observed)}; the count is set back when it is reached` };
  return verdict('service-control', 'WARN', false, {
    observed: some(observed),
    wanted: 'enough starts, or the right to set their count back',
    hint: `Let the login user run \`systemctl reset-failed\` (sudoers: ${fixed.sudoers}), or raise StartLimitBurst= of the unit.`,
  });
}

/** One start for the new version and one for the old; systemd also starts a node that dies, and such starts count too. */
function startsOf({ restarts }: UnitStartLimit): number {
  return restarts ? 4 : 2;
}

function controlCheck(nodes: readonly UpgradeNode[]): NamedCheck {
  return problemCheck('service-control', nodes, {
    problemOf: ({ serviceProblem, process }, { alive, deployDir }) => {
      if (serviceProblem !== null) return serviceProblem;
      // A user who cannot see the process cannot stop it, and must not replace its programs.
      return alive && process === null ? `alive, but no process of ${deployDir} was found` : null;
    },
    wanted: 'a way to stop and start each node',
    hint: 'Attach the host again with the right directory or systemd unit, and give the login user the right to use it.',
  });
}

function jdkCheck(release: Release | null, nodes: readonly UpgradeNode[]): NamedCheck {
  const frontends = nodes.filter(({ kind }) => kind === 'FRONTEND');
  if (release === null) return skipped('jdk', 'there is no release to start');
  if (frontends.length === 0) return skipped('jdk', 'no frontend is changed');
  const rule = { minimum: release.minimumJdk, needsCompiler: needsCompiler(release.version) };
  const wanted = `${wordsForJdk(rule)} for every frontend`;
  const problemOf = ({ java }: NodeOnHost) => (java !== null && 'unknown' in java ? null : whyNotStart(java, rule));
  const judged = problemCheck('jdk', frontends, {
    problemOf,
    wanted,
    hint: 'Install it, and name it as JAVA_HOME in fe.conf, which the start script reads first.',
  });
  const untold = frontends.flatMap(({ label, onHost }) => {
    const java = onHost !== null && 'value' in onHost ? onHost.value.java : null;
    return java !== null && 'unknown' in java ? [`${label}: cannot be told: ${java.unknown}`] : [];
  });
  if (judged.status === 'FAIL' || untold.length === 0) return judged;
  return verdict('jdk', 'WARN', false, {
    observed: some(untold),
    wanted,
    hint: 'Look by hand which JDK its start script takes, then accept the warning; or write the path into fe.conf.',
  });
}

export function clockChecks(hosts: readonly UpgradeHost[]): NamedCheck[] {
  const frontends = hosts.filter(({ runsFrontend }) => runsFrontend);
  return [
    clockCheck(
      'frontend-clocks',
      'BLOCK',
      frontends,
      'Frontends refuse each other beyond that: set the clocks by NTP.',
    ),
    clockCheck('clocks', 'WARN', hosts, 'Set the clocks by NTP.'),
  ];
}

function clockCheck(
  name: CheckName,
  severity: 'BLOCK' | 'WARN',
  hosts: readonly UpgradeHost[],
  hint: string,
): NamedCheck {
  const { answered } = partition(hosts.map(({ address, look }) => ({ label: address, answer: look })));
  const clocks = answered.flatMap(({ label, value }) => (value.clock === null ? [] : [{ label, ...value.clock }]));
  const [slowest] = clocks.toSorted((a, b) => a.aheadMs - b.aheadMs);
  const fastest = clocks.toSorted((a, b) => a.aheadMs - b.aheadMs).at(-1);
  if (slowest === undefined || fastest === undefined) return skipped(name, 'no host told the time');
  const difference = fastest.aheadMs - slowest.aheadMs;
  const doubt = slowest === fastest ? 0 : slowest.withinMs + fastest.withinMs;
  const check = verdict(name, severity, difference - doubt <= mostClockDifferenceMs, {
    observed: `${(difference / 1_000).toFixed(1)} s between ${slowest.label} and ${fastest.label}`,
    wanted: `at most ${mostClockDifferenceMs / 1_000} s between any two hosts`,
    hint,
  });
  return passedByAll(check, { told: clocks.length, of: hosts.length, what: 'hosts' });
}
