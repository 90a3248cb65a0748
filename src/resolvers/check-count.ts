import { AppError } from '../errors.ts';

/** How many of something are asked for: 1 to `most`. Throws `BAD_USER_INPUT`. */
export function checkCount(count: number, { name, most }: { name: string; most: number }): number {
  if (count >= 1 && count <= most) return count;
  throw new AppError('BAD_USER_INPUT', `${name} is 1 to ${most}`, { path: [name] });
}
