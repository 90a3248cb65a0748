import type { NamedCheck } from '../verdict.ts';
import { isSameRelease } from '../version.ts';
import { count } from '../words.ts';
import type { ArchiveFacts, Asked, UpgradeFacts, UpgradeNode } from './checks-facts.ts';
import { skipped, some, unanswered, verdict } from './checks-verdict.ts';
import { judgePaths, type PathJudgement, type PathOpinion } from './path.ts';
import { type Release, type ReleasePart, releaseParts } from './release.ts';

/** The different versions that nodes report; a node without one counts as `unknown`. */
function versionsOf(nodes: readonly Pick<UpgradeNode, 'version'>[]): string[] {
  return [...new Set(nodes.map(({ version }) => version ?? 'unknown'))].toSorted();
}

/** The nodes that do not run the target yet. */
export function nodesToChange({ nodes, to }: Pick<UpgradeFacts, 'nodes' | 'to'>): UpgradeNode[] {
  return nodes.filter(({ version }) => version === null || !isSameRelease(version, to));
}

/** How StarRocks sees the path from the versions that the nodes run to the version that was asked for. */
export function judgeUpgrade({ nodes, to }: Pick<UpgradeFacts, 'nodes' | 'to'>): PathJudgement {
  return judgePaths({ from: versionsOf(nodes), to });
}

/** Checks about the versions, the catalogue and the archive. */
export function releaseChecks(facts: UpgradeFacts, wanted: 'UPGRADE' | 'DOWNGRADE' | null): NamedCheck[] {
  const judgement = judgeUpgrade(facts);
  return [
    pathCheck(facts, judgement, wanted),
    returnPathCheck(judgement),
    mixedVersionsCheck(facts),
    keptBinariesCheck(facts),
    registeredCheck(facts),
    contentsCheck(facts),
    archiveCheck(facts),
  ];
}

function pathCheck(
  { nodes, to }: UpgradeFacts,
  judgement: PathJudgement,
  wanted: 'UPGRADE' | 'DOWNGRADE' | null,
): NamedCheck {
  const from = versionsOf(nodes).join(' and ');
  const name = 'path-allowed';
  const fine = 'a step that StarRocks supports';
  if (judgement.verdict !== 'FORBIDDEN' && judgement.direction === 'SAME')
    return verdict(name, 'BLOCK', false, {
      observed: `${count(nodes.length, 'node')} ${nodes.length === 1 ? 'runs' : 'run'} ${to} already`,
      wanted: 'a version to go to',
      hint: 'Nothing is left to do; finalizeUpgrade removes what an upgrade keeps.',
    });
  if (judgement.verdict !== 'FORBIDDEN' && wanted !== null && judgement.direction !== wanted) {
    const [is, operation] =
      wanted === 'UPGRADE' ? ['a downgrade', 'downgradeCluster'] : ['an upgrade', 'upgradeCluster'];
    return verdict(name, 'BLOCK', false, {
      observed: `${from} to ${to} is ${is}`,
      wanted: wanted === 'UPGRADE' ? 'an upgrade' : 'a downgrade',
      hint: `Ask for ${operation}, which takes the nodes in the other order.`,
    });
  }
  return verdict(name, judgement.verdict === 'DISCOURAGED' ? 'WARN' : 'BLOCK', judgement.verdict === 'ALLOWED', {
    observed: `${from} to ${to}${reasonsOf(judgement)}`,
    wanted: fine,
    hint: 'Choose another version, or go by the one in between.',
  });
}

function reasonsOf({ verdict: overall, reasons }: PathOpinion): string {
  const messages = [...new Set(reasons.filter((each) => each.verdict === overall).map(({ message }) => message))];
  return overall === 'ALLOWED' || messages.length === 0 ? '' : `: ${messages.join('; ')}`;
}

function returnPathCheck({ verdict: there, direction, returnPath }: PathJudgement): NamedCheck {
  if (there === 'FORBIDDEN') return skipped('return-path', 'there is no way there, so none back');
  if (direction !== 'UPGRADE') return skipped('return-path', 'only an upgrade has a way back to think of');
  const isNone = returnPath.verdict === 'FORBIDDEN';
  return verdict('return-path', isNone ? 'WARN' : 'INFO', returnPath.verdict === 'ALLOWED', {
    observed: isNone
      ? `No way back once the first frontend runs the new version${reasonsOf(returnPath)}`
      : `The way back is ${returnPath.verdict === 'ALLOWED' ? 'open' : 'discouraged'}${reasonsOf(returnPath)}`,
    wanted: 'a way back',
    hint: 'Try the version on another cluster first, and have a backup.',
  });
}

function mixedVersionsCheck({ nodes }: UpgradeFacts): NamedCheck {
  const versions = versionsOf(nodes);
  const untold = nodes.filter(({ version }) => version === null).length;
  if (untold === nodes.length || (untold > 0 && versions.length <= 2))
    return skipped('mixed-versions', `${untold} of ${nodes.length} nodes do not tell their version`);
  const counts = versions.map(
    (version) => `${nodes.filter((node) => (node.version ?? 'unknown') === version).length} on ${version}`,
  );
  return verdict('mixed-versions', 'INFO', versions.length <= 1, {
    observed: counts.join(', ') || 'no nodes',
    wanted: 'one version',
    hint: 'Nodes that run the target already are left alone.',
  });
}

function keptBinariesCheck({ openUpgrades }: UpgradeFacts): NamedCheck {
  return verdict('kept-binaries', 'INFO', openUpgrades.length === 0, {
    observed:
      openUpgrades.map(({ fromVersion, toVersion }) => `from ${fromVersion} to ${toVersion}`).join('; ') || 'none',
    wanted: 'no earlier upgrade that keeps old binaries',
    hint: 'finalizeUpgrade removes them and frees the space.',
  });
}

function registeredCheck({ release, to }: UpgradeFacts): NamedCheck {
  return verdict('release-registered', 'BLOCK', release !== null, {
    observed: release === null ? `no release ${to} in the catalogue` : `${release.version}, sha256 ${release.sha256}`,
    wanted: 'the release in the catalogue, with its checksum',
    hint: 'Register it with registerRelease.',
  });
}

function contentsCheck(facts: UpgradeFacts): NamedCheck {
  const name = 'release-contents';
  if (facts.release === null) return skipped(name, 'there is no release to look into');
  const needed = neededParts(facts.nodes);
  // What was found inside the archive counts before what was registered about it.
  const seen = archiveOf(facts)?.parts ?? null;
  const found = seen ?? facts.release.contents;
  const missing = needed.filter((part) => !found.includes(part));
  const words = found.map(wordOf).join(' and ') || 'no part of StarRocks';
  if (seen === null && missing.length === 0)
    return skipped(name, `registered as ${words}, not looked into; ${whoReads(facts.release)}`);
  return verdict(name, 'BLOCK', missing.length === 0, {
    observed: `has ${words}`,
    wanted: needed.map(wordOf).join(' and '),
    hint: `Register an archive that holds ${missing.map(wordOf).join(' and ')} too.`,
  });
}

/** Who will read an archive that nobody has read so far, and when. */
function whoReads({ source: { kind } }: Release): string {
  switch (kind) {
    case 'PATH':
    case 'URL':
      return 'checkUpgrade reads all of it, and the upgrade does before anything is sent or stopped';
    case 'HOST_URL':
    case 'ON_NODE':
      return 'each host reads all of it while it is staged, before anything is stopped';
    default:
      return kind satisfies never;
  }
}

export function neededParts(nodes: readonly Pick<UpgradeNode, 'kind'>[]): ReleasePart[] {
  const kinds = new Set(nodes.map(({ kind }) => (kind === 'FRONTEND' ? 'FRONTEND' : 'BACKEND')));
  return releaseParts.filter((part) => kinds.has(part));
}

function wordOf(part: ReleasePart): string {
  return part === 'FRONTEND' ? 'fe' : 'be';
}

function archiveOf({ archive }: UpgradeFacts): ArchiveFacts | null {
  return archive !== null && 'value' in archive ? archive.value : null;
}

function archiveCheck({ release, archive, nodes }: UpgradeFacts): NamedCheck {
  const name = 'archive-intact';
  if (release === null) return skipped(name, 'there is no release to look for');
  const wanted = `the archive whose sha256 is ${release.sha256}`;
  const { kind, location } = release.source;
  if (archive !== null && 'failed' in archive) {
    // The hosts fetch it, and may reach a server that this process cannot.
    return unanswered(name, kind === 'HOST_URL' ? 'WARN' : 'BLOCK', { why: archive.failed, wanted });
  }
  const problems = [...archiveProblems(release, archive), ...(kind === 'ON_NODE' ? onNodeProblems(nodes) : [])];
  const place = `${location}${sizeText(archive?.value.sizeBytes ?? null)}`;
  if (problems.length === 0 && (archive === null || archive.value.sha256 === null))
    return skipped(name, `${place}: its sum was not compared yet; ${whoReads(release)}`);
  return verdict(name, 'BLOCK', problems.length === 0, {
    observed: problems.length === 0 ? `${place}, checksum compared` : some(problems),
    wanted,
    hint: 'Put the right file there, or register the release again.',
  });
}

/** What a server's answer to `HEAD` proves against an archive; a server that only answers `GET` proves nothing. */
export function remoteProblems(location: string, status: number): string[] {
  return status < 400 || [405, 501].includes(status) ? [] : [`${location} answers HTTP ${status}`];
}

type Wanted = { readonly sha256: string; readonly sizeBytes: number | null };

function archiveProblems({ sha256, sizeBytes }: Wanted, archive: Asked<ArchiveFacts> | null): string[] {
  if (archive === null || 'failed' in archive) return [];
  const found = archive.value;
  const isOtherSize = sizeBytes !== null && found.sizeBytes !== null && sizeBytes !== found.sizeBytes;
  return [
    ...(isOtherSize ? [`it has ${count(found.sizeBytes, 'byte')}, not ${sizeBytes}`] : []),
    ...(found.sha256 !== null && found.sha256 !== sha256 ? [`its sha256 is ${found.sha256}`] : []),
    ...found.problems,
  ];
}

function onNodeProblems(nodes: readonly UpgradeNode[]): string[] {
  return nodes.flatMap(({ label, onHost }) =>
    onHost !== null && 'value' in onHost && onHost.value.hasArchive === false ? [`${label} does not have it`] : [],
  );
}

function sizeText(bytes: number | null): string {
  return bytes === null ? '' : `, ${count(bytes, 'byte')}`;
}
