import { AppError } from '../../errors.ts';

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const shortestMs = 5 * 60_000;

/** `90m`, `2h` or `3d` as milliseconds, five minutes to thirty days or what is given. Throws `INVALID_INPUT`. */
export function readDuration(word: string, { mostDays = 30 }: { readonly mostDays?: number } = {}): number {
  const [, digits, unit] = /^(\d{1,5})([mhd])$/i.exec(word) ?? [];
  const ms =
    digits === undefined || unit === undefined ? Number.NaN : Number(digits) * (unitMs[unit.toLowerCase()] ?? 0);
  if (ms >= shortestMs && ms <= mostDays * 86_400_000) return ms;
  throw new AppError('INVALID_INPUT', `${word} is no time that this takes`, {
    hint: `It is typed like 90m, 2h or 3d: five minutes to ${mostDays === 30 ? 'thirty' : mostDays} days.`,
  });
}
