import type { NodeKind } from '../cluster.ts';
import { type NamedCheck, passedByAll } from '../verdict.ts';
import { count } from '../words.ts';
import type { UpgradeFacts, UpgradeNode } from './checks-facts.ts';
import { judgeUpgrade, nodesToChange } from './checks-release.ts';
import { partition, skipped, some, unanswered, verdict } from './checks-verdict.ts';
import { type AffectedKey, affectedKeys } from './conf-changes.ts';

const confNames = { FRONTEND: 'fe.conf', BACKEND: 'be.conf', COMPUTE_NODE: 'cn.conf' } as const satisfies Record<
  NodeKind,
  string
>;
const unknownLogIds = 'ignore_unknown_log_id';
const mostKeys = 20;

/** Checks about the configuration files, which no upgrade touches. */
export function confChecks(facts: UpgradeFacts): NamedCheck[] {
  const nodes = nodesToChange(facts);
  return [confCheck(facts, nodes), logIdCheck(facts, nodes)];
}

type Finding = AffectedKey & { readonly node: UpgradeNode };

/** The same key on many nodes is reported once. */
function confCheck({ to }: UpgradeFacts, nodes: readonly UpgradeNode[]): NamedCheck {
  const read = nodes.filter((node) => confTextOf(node) !== null);
  if (read.length === 0) return skipped('conf-keys', 'no configuration file was read');
  const findings = read
    .flatMap((node) => keysOf(node, to).map((found): Finding => ({ ...found, node })))
    .filter(({ key }) => key !== unknownLogIds);
  const texts = Map.groupBy(findings, ({ node, key, what }) => `${confNames[node.kind]}: ${key}: ${what}`);
  const lines = [...texts].map(([text, all]) => `${text} (${whereOf(all)})`);
  const check = verdict('conf-keys', 'INFO', findings.length === 0, {
    observed:
      lines.length === 0
        ? `${count(read.length, 'file')} ${read.length === 1 ? 'needs' : 'need'} no change`
        : some(lines, mostKeys),
    wanted: 'settings that the new version reads as the old one did',
    hint: some([...new Set(findings.map(({ hint }) => hint))], mostKeys),
  });
  // What a setting means depends on the version that reads it now.
  const told = read.filter(({ version }) => version !== null).length;
  return passedByAll(check, { told, of: nodes.length, what: 'nodes' });
}

function whereOf(findings: readonly Finding[]): string {
  const nodes = findings.length === 1 ? (findings[0]?.node.label ?? '') : count(findings.length, 'node');
  const lines = [...new Set(findings.flatMap(({ line }) => line ?? []))];
  return lines.length === 0 ? nodes : `${nodes}, line ${lines.join(' or ')}`;
}

function keysOf(node: UpgradeNode, to: string): readonly AffectedKey[] {
  const confText = confTextOf(node);
  if (confText === null || node.version === null) return [];
  return affectedKeys({ kind: node.kind, from: node.version, to, confText });
}

function confTextOf({ onHost }: UpgradeNode): string | null {
  return onHost !== null && 'value' in onHost ? onHost.value.confText : null;
}

/** An older frontend that meets a journal entry of the newer version stops, unless it is set to ignore such entries. */
function logIdCheck(facts: UpgradeFacts, nodes: readonly UpgradeNode[]): NamedCheck {
  const name = 'downgrade-log-ids';
  if (judgeUpgrade(facts).direction !== 'DOWNGRADE') return skipped(name, 'only a downgrade meets unknown entries');
  const frontends = nodes.filter(({ kind }) => kind === 'FRONTEND');
  const { answered, failed } = partition(frontends.map(({ label, onHost }) => ({ label, answer: onHost })));
  const unread = [
    ...answered.filter(({ value }) => value.confText === null).map(({ label }) => `${label}: no fe.conf`),
    ...frontends.filter(({ onHost }) => onHost === null).map(({ label }) => `${label}: no host`),
    ...frontends.filter(({ version }) => version === null).map(({ label }) => `${label}: no version`),
  ];
  const wanted = `${unknownLogIds} = true in every fe.conf`;
  if (failed.length + unread.length > 0) return unanswered(name, 'WARN', { why: some([...failed, ...unread]), wanted });
  const lacking = frontends.filter((node) => keysOf(node, facts.to).some(({ key }) => key === unknownLogIds));
  return verdict(name, 'WARN', lacking.length === 0, {
    observed:
      lacking.length === 0 ? count(answered.length, 'frontend') : `not in ${some(lacking.map(({ label }) => label))}`,
    wanted,
    hint: 'Write it into fe.conf before; an older frontend may not start after a newer leader wrote what it does not know.',
  });
}
