import type { z } from 'zod';
import type { JsonObject } from '../domain/json.ts';
import type { AnyOperation } from './define.ts';
import type { UserError } from './submit.ts';

/** Parses what came in; every mistake becomes one user error with its path. Values are never repeated: they may be secret. */
export function parseInput(
  operation: AnyOperation,
  raw: unknown,
): { input: JsonObject } | { userErrors: readonly UserError[] } {
  const parsed = operation.input.safeParse(raw);
  return parsed.success ? { input: parsed.data } : { userErrors: parsed.error.issues.slice(0, 20).map(toUserError) };
}

function toUserError(issue: z.core.$ZodIssue): UserError {
  const path = issue.path.map(String);
  const where = path.length === 0 ? 'The input' : path.join('.');
  return {
    code: 'INVALID_INPUT',
    message: `${where}: ${issue.message}`,
    path: ['input', ...path],
    hint: 'Query `operations` for what each field takes.',
    retryable: false,
  };
}
