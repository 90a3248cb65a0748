import { withoutSlash } from '../../../domain/deploy/directories.ts';
import { storageDirsOf, withMedia } from '../fields.ts';
import type { Replacement } from './plan.ts';

type Given = {
  readonly nodeId: string;
  readonly deployDir: string;
  readonly conf: readonly string[];
  readonly systemd: boolean;
  readonly acceptChecks: readonly string[];
  readonly leaveProcess: boolean;
  readonly stopTimeoutSeconds: number;
} & Partial<{
  readonly metaDir: string | undefined;
  readonly storage: readonly string[];
  readonly location: string | undefined;
  readonly moveLeader: boolean;
  readonly queryWaitSeconds: number;
  readonly acceptFewerDomains: boolean;
  readonly acceptOtherMedium: boolean;
  readonly marginPercent: number;
  readonly drainTimeoutSeconds: number;
  readonly stallAfterSeconds: number;
}>;

/** The directories that are looked at on the host of the new node. */
export function pathsOf(given: Pick<Given, 'deployDir' | 'storage' | 'metaDir'>): readonly string[] {
  const { deployDir, storage = [], metaDir } = given;
  const meta = metaDir === undefined ? [] : [withoutSlash(metaDir)];
  // Whether it is a frontend is not known yet.
  const data = meta.length > 0 && storage.length === 0 ? [] : storageDirsOf({ deployDir, storage });
  return [...new Set([withoutSlash(deployDir), ...data, ...meta])];
}

/** The input of any of the operations as their plan takes it; what one has no field for means nothing there. */
export function toReplacement(given: Given): Replacement {
  return {
    ...{ moveLeader: false, queryWaitSeconds: 600 },
    ...{ acceptFewerDomains: false, acceptOtherMedium: false, marginPercent: 20 },
    ...{ drainTimeoutSeconds: 604_800, stallAfterSeconds: 180 },
    ...given,
    metaDir: given.metaDir ?? null,
    storage: withMedia(given.storage ?? []),
    location: given.location ?? null,
  };
}
