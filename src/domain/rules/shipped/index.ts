import type { AlertRule } from '../rule.ts';
import { certificateRules } from './certificates.ts';
import { backupChecks, clusterChecks, nodeChecks, ownChecks } from './checks.ts';
import { connectionRules } from './connections.ts';
import { diskRules } from './disks.ts';
import { loadRules } from './loads.ts';
import { memoryRules } from './memory.ts';
import { metadataRules } from './metadata.ts';
import { processRules } from './processes.ts';
import { queryRules } from './queries.ts';
import { routineLoadRules } from './routine-loads.ts';
import { storageRules } from './storage.ts';

const all = [
  ...clusterChecks,
  ...nodeChecks,
  ...queryRules,
  ...connectionRules,
  ...loadRules,
  ...routineLoadRules,
  ...diskRules,
  ...memoryRules,
  ...processRules,
  ...storageRules,
  ...metadataRules,
  ...certificateRules,
  ...backupChecks,
  ...ownChecks,
];

/** Every rule that comes with Starwarden, in the order of the families. */
export const shippedRules: readonly AlertRule[] = all;
export type ShippedRuleName = (typeof all)[number]['name'];

const byName = new Map(shippedRules.map((rule) => [rule.name, rule]));

/** Undefined = no shipped rule has this name. */
export function findShippedRule(name: string): AlertRule | undefined {
  return byName.get(name);
}
