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
import { impossibleLogins } from './impossible-logins.ts';
import { looksLate } from './looks-late.ts';
import { noLeader } from './no-leader.ts';
import { nodeDown } from './node-down.ts';
import { nodeStopped } from './node-stopped.ts';
import { quorumAtRisk } from './quorum-at-risk.ts';
import { repositoryUnhealthy } from './repository-unhealthy.ts';
import { runWaits } from './run-waits.ts';
import { versionsMixed } from './versions-mixed.ts';

/** Every alert rule. Where several hide an alert, the first of them is named. */
export const rules: readonly Rule[] = [
  clusterUnreachable,
  noLeader,
  quorumAtRisk,
  nodeDown,
  frontendNoGreeting,
  nodeStopped,
  impossibleLogins,
  backupFailed,
  backupMissed,
  backupTooOld,
  backupShrunk,
  backupVerificationFailed,
  clusterSnapshotFailed,
  clusterSnapshotOld,
  repositoryUnhealthy,
  versionsMixed,
  looksLate,
  runWaits,
];
