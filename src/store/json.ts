import type { z } from 'zod';

/** Text of a LONGTEXT column. */
export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

/** The same for a value that may be null. */
export function toJsonOrNull(value: object | null): string | null {
  return value === null ? null : toJson(value);
}

/** Reads a LONGTEXT column that we wrote; a text that does not fit the schema is a bug or a damaged row, and throws. */
export function fromJson<T>(shape: z.ZodType<T>, text: string): T {
  return shape.parse(JSON.parse(text));
}
