import type { z } from 'zod';

/** Text of a LONGTEXT column; null stays null. */
export function toJson(value: unknown): string {
  return JSON.stringify(value);
}

/** Reads a LONGTEXT column that we wrote; a text that does not fit its shape is a bug or a damaged row and throws. */
export function fromJson<T>(shape: z.ZodType<T>, text: string): T {
  return shape.parse(JSON.parse(text));
}
