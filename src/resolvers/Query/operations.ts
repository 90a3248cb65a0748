import type { RequestContext } from '../request-context.ts';

export function operations(_: unknown, _args: unknown, { deps }: RequestContext) {
  return [...deps.operations.values()];
}
