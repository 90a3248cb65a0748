import { nodeLabel } from '../node-identity.ts';
import { isElectable, quorumOf } from '../quorum.ts';
import { valueBeside } from '../rules/value-words.ts';
import { pictureVersions } from '../upgrade/cluster-versions.ts';
import { count } from '../words.ts';
import type { Finding, HealthFacts } from './facts.ts';
import { keyOfDisks, keyOfNode, keyOfTablets, keys } from './keys.ts';
import { findOfCluster, fullestDisks } from './measured.ts';
import { diskLimits, points } from './points.ts';

/** Pure. What is wrong by the last look, whether an alert tells of it or not. */
export function findingsOf(facts: HealthFacts): readonly Finding[] {
  return [
    ...notAnswering(facts),
    ...votersDown(facts),
    ...nodesDown(facts),
    ...tablets(facts),
    ...disks(facts),
    ...versions(facts),
  ];
}

const fromLook = { alert: null } as const;

function notAnswering({ look }: HealthFacts): Finding[] {
  if (look === null || look.ok) return [];
  const because = `it did not answer the last look${look.problem === null ? '' : `: ${look.problem}`}`;
  return [
    {
      ...fromLook,
      name: 'cluster_unreachable',
      key: keys.answering,
      points: points.notAnswering,
      because,
      subject: 'the cluster',
    },
  ];
}

/** One matter, however many of them are down: what counts is how many more may fail. */
function votersDown({ nodes, explained }: HealthFacts): Finding[] {
  const voters = nodes.filter(isElectable);
  if (voters.length === 0) return [];
  const { electable, majority, spare } = quorumOf(voters);
  const dead = voters.filter(({ alive }) => !alive);
  const unexplained = dead.filter(({ id }) => !explained.has(id));
  const finding = (name: string, cost: number, because: string) => [
    { ...fromLook, name, key: keys.frontends, points: cost, because, subject: 'the frontends' },
  ];
  const away = dead.map((node) => `${nodeLabel(node)} is ${explained.get(node.id) ?? 'down'}`).join(', ');
  if (spare < 0)
    return finding(
      'no_leader',
      points.votersDown.noMajority,
      `${electable - dead.length} of ${count(electable, 'voting frontend')} ${electable - dead.length === 1 ? 'is' : 'are'} alive, and a leader needs ${majority}: ${away}`,
    );
  const last = 'if one more fails, nobody leads';
  if (unexplained.length > 0)
    return finding(
      spare === 0 ? 'quorum_at_risk' : 'node_down',
      spare === 0 ? points.votersDown.noSpare : points.votersDown.spare,
      spare === 0 ? `${away}; ${last}` : away,
    );
  if (spare === 0)
    return finding(
      'no_spare_frontend',
      points.noSpare,
      dead.length > 0
        ? `${away}; ${last}`
        : `it has ${count(electable, 'voting frontend')}: if one fails, nobody leads`,
    );
  return dead.length === 0 ? [] : finding('node_away', points.nodeAway, away);
}

function nodesDown({ nodes, explained }: HealthFacts): Finding[] {
  return nodes
    .filter((node) => !node.alive && !isElectable(node))
    .map((node) => {
      const reason = explained.get(node.id);
      const subject = nodeLabel(node);
      return {
        ...{ ...fromLook, name: reason === undefined ? 'node_down' : 'node_away' },
        ...{ key: keyOfNode(node), subject, because: `${subject} is ${reason ?? 'down'}` },
        points: reason === undefined ? points.nodeDown : points.nodeAway,
      };
    });
}

function tablets(facts: HealthFacts): Finding[] {
  const key = keyOfTablets(facts);
  const about = (
    metric: string,
    { of, cost, what, many }: { of: string; cost: number; what: string; many: string },
  ) => {
    const found = findOfCluster(facts, metric);
    if (found === null || found <= 0) return [];
    return [
      {
        ...{ ...fromLook, name: metric },
        key: of,
        points: cost,
        because: `${count(found, 'tablet')} ${found === 1 ? what : many}`,
        subject: 'the tablets',
      },
    ];
  };
  const damage = { of: keys.damage, cost: points.tabletsDamaged };
  return [
    ...about('tablets_without_replica', {
      ...{ of: key, cost: points.tabletsWithoutReplica },
      ...{ what: 'has no living replica and cannot be read', many: 'have no living replica and cannot be read' },
    }),
    ...about('tablets_unhealthy', {
      ...{ of: key, cost: points.tabletsUnhealthy },
      ...{ what: 'misses a replica', many: 'miss a replica' },
    }),
    ...about('tablets_in_error', { ...damage, what: 'is in error state', many: 'are in error state' }),
    ...about('tablets_inconsistent', {
      ...damage,
      what: 'has replicas that differ',
      many: 'have replicas that differ',
    }),
  ];
}

function disks(facts: HealthFacts): Finding[] {
  return fullestDisks(facts).flatMap(({ label, share, place }) => {
    if (share === null || share <= diskLimits.filling) return [];
    const isNearlyFull = share > diskLimits.nearlyFull;
    const name = isNearlyFull ? 'disk_nearly_full' : 'disk_filling';
    const cost = isNearlyFull ? points.diskNearlyFull : points.diskFilling;
    const limit = isNearlyFull ? diskLimits.nearlyFull : diskLimits.filling;
    const because = `${place} of ${label} is ${valueBeside(share, limit, 'SHARE')} full`;
    return [{ ...fromLook, name, key: keyOfDisks(label), points: cost, because, subject: label }];
  });
}

function versions({ nodes, isUpgrading }: HealthFacts): Finding[] {
  const { state, summary } = pictureVersions(nodes);
  if (state !== 'MIXED') return [];
  const cost = isUpgrading ? points.versionsChanging : points.versionsMixed;
  const because = `its nodes run different versions${isUpgrading ? ', and a run is changing them' : ''}: ${summary}`;
  return [{ ...fromLook, name: 'versions_mixed', key: keys.versions, points: cost, because, subject: 'the cluster' }];
}
