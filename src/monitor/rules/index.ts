import type { Rule } from '../define-rule.ts';
import { backupFailed } from './backup-failed.ts';
import { backupMissed } from './backup-missed.ts';
import { backupShrunk } from './backup-shrunk.ts';
import { backupTooOld } from './backup-too-old.ts';
import { backupVerificationFailed } from './backup-verification-failed.ts';
import { clusterSnapshotFailed } from './cluster-snapshot-failed.ts';
import { clusterSnapshotOld } from './cluster-snapshot-old.ts';
import { clusterUnreachable } from './cluster-unreachable.ts';
import { frontendNoGreeting } from './frontend-no-greeting.ts';
import { nodeDown } from './node-down.ts';
import { nodeStopped } from './node-stopped.ts';
import { repositoryUnhealthy } from './repository-unhealthy.ts';

/** Every alert rule. Where several hide an alert, the first of them is named. */
export const rules: readonly Rule[] = [
  clusterUnreachable,
  nodeDown,
  frontendNoGreeting,
  nodeStopped,
  backupFailed,
  backupMissed,
  backupTooOld,
  backupShrunk,
  backupVerificationFailed,
  clusterSnapshotFailed,
  clusterSnapshotOld,
  repositoryUnhealthy,
];
