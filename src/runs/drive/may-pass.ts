import { type AppError, leavesOpen } from '../../errors.ts';

/** True for an error that may be gone when asked again: no reason to fail a run as long as there is time. */
export function mayPass(error: AppError): boolean {
  return error.retryable || leavesOpen(error.code);
}
