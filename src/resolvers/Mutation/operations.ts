import type { AnyOperation } from '../../operations/define.ts';
import { type RunOptions, submit } from '../../runs/submit.ts';
import type { RequestContext } from '../request-context.ts';

type Arguments = { readonly input: unknown; readonly options?: RunOptions | null };
type OperationResolver = (parent: unknown, args: Arguments, context: RequestContext) => ReturnType<typeof submit>;

/** One mutation per operation, all alike; none of them waits for the work it starts. */
export function operationMutations(operations: Iterable<AnyOperation>): Record<string, OperationResolver> {
  return Object.fromEntries(
    [...operations].map(({ name }): [string, OperationResolver] => [
      name,
      (_parent, { input, options }, { deps, actor, requestId }) =>
        submit(deps.engine, {
          operation: name,
          input: withoutNulls(input),
          actor,
          options: withoutNullOptions(options),
          requestId,
        }),
    ]),
  );
}

/** In GraphQL, null for an optional field means the same as leaving it out; inputs of operations do not have null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, withoutNulls(member)]),
  );
}

function withoutNullOptions(options: RunOptions | null | undefined): RunOptions {
  return { ...options, dryRun: options?.dryRun ?? false };
}
