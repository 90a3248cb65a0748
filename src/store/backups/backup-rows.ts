import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type Backup, backupKinds, backupStates, type Pin, type Verification } from '../../domain/backup/backup.ts';
import type { NamedBackup } from '../../domain/backup/seen-snapshot.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const stateShape = z.enum(backupStates);
const kindShape = z.enum(backupKinds);
const sentencesShape = z.array(z.string());

export function toBackup(row: Selectable<Tables['backup']>): Backup {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    runId: row.run_id,
    database: row.database_name,
    isSelection: row.is_selection === 1,
    repository: row.repository,
    location: row.location,
    snapshot: row.snapshot,
    state: stateShape.parse(row.state),
    kind: kindShape.parse(row.kind),
    origin: row.origin,
    policyId: row.policy_id,
    tier: row.tier,
    baseId: row.base_id,
    backupTimestamp: row.backup_timestamp,
    scheduledFor: row.scheduled_for,
    startedAt: row.started_at,
    snapshotAt: row.snapshot_at,
    finishedAt: row.finished_at,
    verifiedAt: row.verified_at,
    sizeBytes: numberOf(row.size_bytes),
    objectCount: numberOf(row.object_count),
    tableCount: row.table_count,
    partitionCount: row.partition_count,
    notHeld: row.not_held === null ? [] : fromJson(sentencesShape, row.not_held),
    problem: row.problem,
    pin: pinOf(row),
    deletedAt: row.deleted_at,
    deletedBecause: row.deleted_because,
  };
}

/** The part of a row by which a snapshot is recognized; it has a snapshot. */
export function toNamedBackup(
  row: Pick<Selectable<Tables['backup']>, 'id' | 'snapshot' | 'state' | 'origin' | 'location' | 'backup_timestamp'>,
): NamedBackup {
  const { id, snapshot, state, origin, location, backup_timestamp: backupTimestamp } = row;
  return { id, snapshot: snapshot ?? '', state: stateShape.parse(state), origin, location, backupTimestamp };
}

/** A pin whose time is over is still shown; whether it holds is for the rules that have a clock. */
function pinOf(row: Selectable<Tables['backup']>): Pin | null {
  if (row.pinned_reason === null) return null;
  return { reason: row.pinned_reason, until: row.pinned_until, byName: row.pinned_by_name ?? 'unknown' };
}

function numberOf(value: number | string | null): number | null {
  return value === null ? null : Number(value);
}

export function toVerification(row: Selectable<Tables['backup_verification']>): Verification {
  return {
    level: row.level === 'L1' ? 'L1' : 'L0',
    at: row.at,
    runId: row.run_id,
    passed: row.passed === null ? null : row.passed === 1,
    message: row.message,
    objects: numberOf(row.objects),
    bytes: numberOf(row.bytes),
  };
}
