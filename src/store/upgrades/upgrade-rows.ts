import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type Release, releaseParts, releaseSourceKinds, type UpgradeRecord } from '../../domain/upgrade/release.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const direction = z.enum(['UPGRADE', 'DOWNGRADE']);
const parts = z.array(z.enum(releaseParts));
const sourceKind = z.enum(releaseSourceKinds);

export function toUpgrade(row: Selectable<Tables['upgrade']>): UpgradeRecord {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    runId: row.run_id,
    direction: direction.parse(row.direction),
    fromVersion: row.from_version,
    toVersion: row.to_version,
    startedAt: row.started_at,
    finalizedAt: row.finalized_at,
  };
}

export function toRelease(row: Selectable<Tables['release']>): Release {
  return {
    id: row.id,
    version: row.version,
    source: { kind: sourceKind.parse(row.source_kind), location: row.location },
    sha256: row.sha256,
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
    contents: fromJson(parts, row.contents),
    minimumJdk: row.minimum_jdk,
    registeredAt: row.registered_at,
    registeredByName: row.registered_by_name,
  };
}
