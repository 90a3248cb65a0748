import { GraphQLError } from 'graphql';
import type { RequestContext } from '../resolvers/request-context.ts';
import { isUnexpected, originalOf } from './safe-error.ts';

/** Logs an unexpected error. Variables are never logged, and of the error only what is known to be harmless. */
export function logUnexpected(
  { deps, requestId, actor }: Pick<RequestContext, 'deps' | 'requestId' | 'actor'>,
  { error, operationName }: { error: unknown; operationName: string | null },
): void {
  if (!isUnexpected(error)) return;
  const path = error instanceof GraphQLError ? error.path : undefined;
  const err = describeError(originalOf(error));
  deps.log.error({ requestId, actor: actor.name, operationName, path, err }, 'unexpected error in the API');
}

/** Type, message, stack and cause. Drivers attach the whole statement with its values to their errors; that is left out. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return { type: error.name, message: error.message, stack: error.stack, ...cause };
}
