import type { z } from 'zod';
import { mistakesOf } from '../../domain/mistakes.ts';
import { AppError } from '../../errors.ts';

/** What the schema cannot say about an input: lengths and forms. The first mistake becomes a user error; no value is repeated. */
export function parseArguments<T>(shape: z.ZodType<T>, input: unknown): T {
  const parsed = shape.safeParse(input);
  if (parsed.success) return parsed.data;
  const [mistake] = mistakesOf(parsed.error, input);
  throw new AppError('INVALID_INPUT', mistake?.message ?? 'The input breaks a rule', {
    hint: 'Change it and ask again.',
    path: ['input', ...(mistake?.path ?? [])],
  });
}
