import type { Verification } from '../domain/backup/backup.ts';
import type { RequestContext } from './request-context.ts';

export const BackupVerification = {
  run: (checked: Verification, _: unknown, { loaders }: RequestContext) =>
    checked.runId === null ? null : loaders.run.load(checked.runId),
};
