import type { JsonObject } from '../../domain/json.ts';
import { mistakesOf } from '../../domain/mistakes.ts';
import type { UserError } from '../../errors.ts';
import type { AnyOperation } from '../define.ts';

/** Parses an input; every mistake becomes one user error with its path. Errors never repeat values: they may be secret. */
export function parseInput(
  operation: AnyOperation,
  raw: unknown,
): { input: JsonObject } | { userErrors: readonly UserError[] } {
  const parsed = operation.input.safeParse(raw);
  if (parsed.success) return { input: parsed.data };
  return {
    userErrors: mistakesOf(parsed.error, raw)
      .slice(0, 20)
      .map(({ path, message }) => ({
        code: 'INVALID_INPUT',
        message,
        path: ['input', ...path],
        hint: 'Query `operations` for what each field takes.',
        retryable: false,
      })),
  };
}
