import { analysisError } from '../../sql/errors.ts';
import type { FrontendContext } from '../context.ts';

/** `run_mode = shared_data` in fe.conf: the data of every table is said to lie in object storage. */
export function isSharedData(fe: Pick<FrontendContext, 'config'>): boolean {
  return fe.config.get('run_mode') === 'shared_data';
}

/** The volumes of such a cluster: the built-in one, and what `sandbox_storage_volumes` in fe.conf lists. */
export function storageVolumes(fe: Pick<FrontendContext, 'config' | 'conf'>): readonly string[] {
  if (!isSharedData(fe)) return [];
  const others = (fe.conf.get('sandbox_storage_volumes') ?? '').split(',').map((name) => name.trim());
  return ['builtin_storage_volume', ...others.filter((name) => name !== '')];
}

/** BACKUP takes tables that lie on backends only. */
export function refuseCloudNative(fe: Pick<FrontendContext, 'config'>, table: string): void {
  if (!isSharedData(fe)) return;
  throw analysisError(`Table: ${table} can not support backup restore, type: CLOUD_NATIVE`, 5064, '42000');
}
