import type { ShippedRuleName } from '../../../../src/domain/rules/shipped/index.ts';
import { backups } from './backups.ts';
import { certificates } from './certificates.ts';
import { late } from './late.ts';
import { nodes } from './nodes.ts';
import { numbers } from './numbers.ts';
import { snapshots } from './snapshots.ts';

/**
 * What each shipped rule is tried with, in the file of `test/long/monitoring` of the same name as the table it comes from. A rule
 * without one does not compile.
 */
export const breakages: Readonly<Record<ShippedRuleName, { readonly broken: string }>> = {
  ...numbers,
  ...certificates,
  ...nodes,
  ...backups,
  ...snapshots,
  ...late,
};
