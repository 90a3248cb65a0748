import { hoursInWords, type PeriodKind, type Periods, periodKinds } from './periods.ts';
import type { BackupTier, Keep } from './policy.ts';

/** A backup as the rules of a tier see it. */
export type Candidate = {
  readonly id: string;
  /** In ms. */
  readonly moment: number;
  /** Whether it can be gone back to. Others fill no place of a rule, and stay as long as usable ones of their age do. */
  readonly isUsable: boolean;
};

type Dated = Candidate & { readonly periods: Periods };

export type Kept = { readonly id: string; readonly because: string };

type TierOfDatabase = {
  readonly tier: Pick<BackupTier, 'name'>;
  /** Newest first. */
  readonly candidates: readonly Candidate[];
  /** What ages are measured from, in ms. */
  readonly reference: number;
  readonly readPeriods: (moment: number) => Periods;
};

/** What one rule of a tier keeps among the backups of this tier and one database. */
export function applyKeep(keep: Keep, { tier, candidates, reference, readPeriods }: TierOfDatabase): readonly Kept[] {
  switch (keep.rule) {
    case 'COUNT':
      return keepCount(keep.count, tier.name, candidates);
    case 'AGE':
      return keepAge({ hours: keep.hours, tier: tier.name, reference }, candidates);
    case 'GFS':
      return keepPeriods(
        keep,
        tier.name,
        candidates.map((found) => ({ ...found, periods: readPeriods(found.moment) })),
      );
    default:
      return keep satisfies never;
  }
}

function keepCount(count: number, tier: string, candidates: readonly Candidate[]): readonly Kept[] {
  const usable = candidates.filter(({ isUsable }) => isUsable).slice(0, count);
  const kept = usable.map(({ id }, at) => ({ id, because: `number ${at + 1} of the newest ${count} (${tier})` }));
  const oldest = usable.length < count ? Number.NEGATIVE_INFINITY : (usable.at(-1)?.moment ?? 0);
  const others = candidates.filter(({ isUsable, moment }) => !isUsable && moment >= oldest);
  return [
    ...kept,
    ...others.map(({ id }) => ({ id, because: `not usable, and not older than the newest ${count} usable (${tier})` })),
  ];
}

function keepAge(
  { hours, tier, reference }: { hours: number; tier: string; reference: number },
  candidates: readonly Candidate[],
): readonly Kept[] {
  const from = reference - hours * 3_600_000;
  const words = hoursInWords(hours);
  const young = candidates.filter(({ moment }) => moment >= from);
  const beyond = candidates.find(({ isUsable, moment }) => isUsable && moment < from);
  return [
    ...young.map(({ id }) => ({ id, because: `not older than ${words} (${tier})` })),
    ...(beyond === undefined ? [] : [{ id: beyond.id, because: `the newest one older than ${words} (${tier})` }]),
  ];
}

function keepPeriods(
  counts: Readonly<Record<PeriodKind, number>>,
  tier: string,
  candidates: readonly Dated[],
): readonly Kept[] {
  return periodKinds.flatMap((kind) => keepLast({ kind, count: counts[kind], tier }, candidates));
}

/** Of the last periods that have a usable backup, so that nothing is lost only because backups stopped for a while. */
function keepLast(
  { kind, count, tier }: { kind: PeriodKind; count: number; tier: string },
  candidates: readonly Dated[],
): readonly Kept[] {
  if (count === 0) return [];
  const usable = newestOfEach(
    candidates.filter(({ isUsable }) => isUsable),
    kind,
  );
  const last = [...usable].slice(0, count);
  const words = count === 1 ? `1 ${kind.slice(0, -1)}` : `${count} ${kind}`;
  const oldest = last.length < count ? '' : (last.at(-1)?.[0] ?? '');
  const others = [
    ...newestOfEach(
      candidates.filter(({ isUsable }) => !isUsable),
      kind,
    ),
  ].filter(([period]) => !usable.has(period) && period >= oldest);
  return [
    ...last.map(([period, { id }]) => ({ id, because: `newest of ${period} (${tier}, ${words})` })),
    ...others.map(([period, { id }]) => ({
      id,
      because: `not usable, and the only trace of ${period} (${tier}, ${words})`,
    })),
  ];
}

/** By period, newest period first. */
function newestOfEach(candidates: readonly Dated[], kind: PeriodKind): ReadonlyMap<string, Dated> {
  const newest = new Map<string, Dated>();
  for (const candidate of candidates) {
    const period = candidate.periods[kind];
    if (!newest.has(period)) newest.set(period, candidate);
  }
  return newest;
}
