import { DateTimeISOResolver, JSONResolver } from 'graphql-scalars';
import type { AnyOperation } from '../operations/define.ts';
import { Alert, AlertEvent } from './Alert.ts';
import { AlertHiding } from './AlertHiding.ts';
import { AlertNoiseSubject, AlertRuleNoise } from './AlertNoise.ts';
import { AlertRule, AlertRuleOverride, alertRules, ClusterAlertRule } from './AlertRule.ts';
import { testAlertRule } from './AlertRuleTrial.ts';
import { Approval, Vote } from './Approval.ts';
import { AuditEvent } from './AuditEvent.ts';
import { Backup } from './Backup.ts';
import { BackupPolicy, BackupTier, RecoveryPoint, RetentionPlan } from './BackupPolicy.ts';
import { BackupVerification } from './BackupVerification.ts';
import { AutomationHold, Blackout, MaintenanceWindow } from './Calendar.ts';
import { CheckReport } from './CheckReport.ts';
import { Cluster } from './Cluster.ts';
import { ClusterSnapshotJob, ClusterSnapshots } from './ClusterSnapshots.ts';
import { ClusterBalancing, ClusterTablets, FrontendBalancing, TableTablets } from './ClusterTablets.ts';
import { AlertRoute, alertRoutes, OnCallOverride, OnCallRotation, onCall, onCallRotations } from './Escalation.ts';
import { Host } from './Host.ts';
import { Metric, MetricSubject, metrics } from './Metric.ts';
import { acknowledgeAlert, assignAlert, noteAlert, resolveAlert, unacknowledgeAlert } from './Mutation/alerts.ts';
import {
  createBlackout,
  createMaintenanceWindow,
  deleteBlackout,
  deleteMaintenanceWindow,
  holdAutomation,
  releaseAutomation,
  updateBlackout,
} from './Mutation/calendar.ts';
import {
  endOnCallOverride,
  escalateAlert,
  overrideOnCall,
  removeAlertRoute,
  removeOnCallRotation,
  setAlertRoute,
  setOnCallRotation,
} from './Mutation/escalation.ts';
import { operationMutations } from './Mutation/operations.ts';
import { addPerson, bindRole, disablePerson, unbindRole } from './Mutation/persons.ts';
import {
  armBackupPolicy,
  createBackupPolicy,
  disarmBackupPolicy,
  pinBackup,
  removeBackupPolicy,
  unpinBackup,
  updateBackupPolicy,
} from './Mutation/policies.ts';
import { registerRelease, removeRelease } from './Mutation/releases.ts';
import {
  createAlertRule,
  disableAlertRule,
  overrideAlertRule,
  removeAlertRule,
  removeAlertRuleOverride,
} from './Mutation/rules.ts';
import { runDecisions } from './Mutation/run-decisions.ts';
import {
  approveSchedule,
  createSchedule,
  deleteSchedule,
  pauseSchedule,
  resumeSchedule,
  runScheduleNow,
  updateSchedule,
} from './Mutation/schedules.ts';
import { approveSilence, createSilence, endSilence } from './Mutation/silences.ts';
import { linkSlackAccount, linkSlackUser, unlinkSlackAccount } from './Mutation/slack.ts';
import { createToken, revokeToken } from './Mutation/tokens.ts';
import { Node } from './Node.ts';
import { Operation } from './Operation.ts';
import { Person, RoleBinding } from './Person.ts';
import { PlannedStep } from './PlannedStep.ts';
import { alert } from './Query/alert.ts';
import { alerts } from './Query/alerts.ts';
import { audit } from './Query/audit.ts';
import { backups } from './Query/backups.ts';
import { automationHolds, blackouts, maintenanceWindows, previewMaintenanceWindow } from './Query/calendar.ts';
import { cluster } from './Query/cluster.ts';
import { clusters } from './Query/clusters.ts';
import { node } from './Query/node.ts';
import { operations } from './Query/operations.ts';
import { persons } from './Query/persons.ts';
import { backupPolicies, retentionPlan } from './Query/policies.ts';
import { rateLimit } from './Query/rateLimit.ts';
import { release, releases } from './Query/releases.ts';
import { run } from './Query/run.ts';
import { runs } from './Query/runs.ts';
import { schedule, schedules, scheduleTimes } from './Query/schedules.ts';
import { previewSilence, silence, silences } from './Query/silences.ts';
import { viewer } from './Query/viewer.ts';
import { RemovedNode } from './RemovedNode.ts';
import { Repository, RepositorySnapshot, RepositorySnapshots } from './Repository.ts';
import { Run, RunReceipt } from './Run.ts';
import { RunFailure } from './RunFailure.ts';
import { RunLane, RunStage } from './RunStage.ts';
import { RunStep } from './RunStep.ts';
import { Schedule, ScheduleFiring } from './Schedule.ts';
import { Silence } from './Silence.ts';
import { Backend, ComputeNode, Frontend, StarRocksNode } from './StarRocksNode.ts';
import { alertUpdated } from './Subscription/alertUpdated.ts';
import { clusterUpdated } from './Subscription/clusterUpdated.ts';
import { runEvents } from './Subscription/runEvents.ts';
import { runUpdated } from './Subscription/runUpdated.ts';
import { TemporaryChange } from './TemporaryChange.ts';
import { Upgrade } from './Upgrade.ts';

/** Every resolver, by type and field. A field that is not here is the member of the row with the same name. */
export function makeResolvers(registry: Iterable<AnyOperation>) {
  return {
    DateTime: DateTimeISOResolver,
    JSON: JSONResolver,
    Node,
    StarRocksNode,
    Query: {
      alert,
      alertRoutes,
      onCall,
      onCallRotations,
      alertRules,
      alerts,
      audit,
      automationHolds,
      backupPolicies,
      backups,
      blackouts,
      cluster,
      clusters,
      maintenanceWindows,
      metrics,
      node,
      operations,
      persons,
      rateLimit,
      retentionPlan,
      release,
      releases,
      run,
      runs,
      schedule,
      schedules,
      scheduleTimes,
      testAlertRule,
      previewMaintenanceWindow,
      previewSilence,
      silence,
      silences,
      viewer,
    },
    Mutation: {
      acknowledgeAlert,
      endOnCallOverride,
      escalateAlert,
      overrideOnCall,
      removeAlertRoute,
      removeOnCallRotation,
      setAlertRoute,
      setOnCallRotation,
      approveSilence,
      assignAlert,
      createSilence,
      endSilence,
      noteAlert,
      resolveAlert,
      addPerson,
      armBackupPolicy,
      bindRole,
      createAlertRule,
      disableAlertRule,
      overrideAlertRule,
      removeAlertRule,
      removeAlertRuleOverride,
      createBlackout,
      createMaintenanceWindow,
      createToken,
      deleteBlackout,
      deleteMaintenanceWindow,
      createBackupPolicy,
      disablePerson,
      disarmBackupPolicy,
      holdAutomation,
      linkSlackAccount,
      linkSlackUser,
      pinBackup,
      registerRelease,
      releaseAutomation,
      removeBackupPolicy,
      removeRelease,
      revokeToken,
      unacknowledgeAlert,
      unlinkSlackAccount,
      unbindRole,
      unpinBackup,
      updateBackupPolicy,
      updateBlackout,
      approveSchedule,
      createSchedule,
      deleteSchedule,
      pauseSchedule,
      resumeSchedule,
      runScheduleNow,
      updateSchedule,
      ...runDecisions,
      ...operationMutations(registry),
    },
    Subscription: { alertUpdated, clusterUpdated, runEvents, runUpdated },
    Alert,
    AlertEvent,
    AlertHiding,
    AlertNoiseSubject,
    AlertRule,
    AlertRuleNoise,
    AlertRuleOverride,
    Approval,
    AuditEvent,
    AutomationHold,
    Backend,
    Backup,
    BackupPolicy,
    BackupTier,
    BackupVerification,
    Blackout,
    CheckReport,
    Cluster,
    ClusterAlertRule,
    ClusterSnapshotJob,
    ClusterBalancing,
    ClusterTablets,
    FrontendBalancing,
    TableTablets,
    ClusterSnapshots,
    ComputeNode,
    Frontend,
    AlertRoute,
    OnCallOverride,
    OnCallRotation,
    Host,
    MaintenanceWindow,
    Metric,
    MetricSubject,
    Operation,
    Person,
    PlannedStep,
    RecoveryPoint,
    RemovedNode,
    Repository,
    RepositorySnapshot,
    RepositorySnapshots,
    RetentionPlan,
    RoleBinding,
    Run,
    RunFailure,
    RunReceipt,
    RunLane,
    RunStage,
    RunStep,
    Schedule,
    ScheduleFiring,
    Silence,
    TemporaryChange,
    Upgrade,
    Vote,
  };
}
