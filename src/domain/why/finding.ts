/** What a finding is about, in the order in which a call is decided: from the look to the message. */
export const findingKinds = [
  'NO_RULE',
  'NO_SUBJECT',
  'SWITCHED_OFF',
  'RULE',
  'OVERRIDE',
  'LOOK',
  'SAMPLE',
  'NOT_JUDGED',
  'QUIET',
  'STRICTER_RULE',
  'RIPENING',
  'ALERT',
  'RESOLVED',
  'STALE',
  'FLAPPING',
  'INHIBITION',
  'SILENCE',
  'MAINTENANCE',
  'ACKNOWLEDGEMENT',
  'GROUP',
  'DELIVERY',
  'ESCALATION',
] as const;
export type FindingKind = (typeof findingKinds)[number];

/** One thing that is known of why somebody is told, or nobody. */
export type Finding = {
  readonly kind: FindingKind;
  /** A whole sentence. */
  readonly words: string;
  /** When it happened, or since when it holds; null = no time belongs to it. */
  readonly at: Date | null;
  /** What decided: a rule, `S-3`, `R-12`, `A-7`, a person, a channel; null = nothing with a name. */
  readonly by: string | null;
};

export type Explanation = {
  /** Whether people are told of it now; null = that cannot be known. */
  readonly isCalled: boolean | null;
  /** The one of the findings that decides it. */
  readonly decision: Finding;
  readonly findings: readonly Finding[];
};

export function finding(kind: FindingKind, words: string, rest: Partial<Pick<Finding, 'at' | 'by'>> = {}): Finding {
  return { kind, words: /[.!?…]$/.test(words) ? words : `${words}.`, at: rest.at ?? null, by: rest.by ?? null };
}

/** Puts what decides among what else is known, in the order in which it is asked. */
export function explain(
  isCalled: boolean | null,
  { decision, others }: { readonly decision: Finding; readonly others: readonly Finding[] },
): Explanation {
  const place = ({ kind }: Finding) => findingKinds.indexOf(kind);
  return { isCalled, decision, findings: [...others, decision].toSorted((a, b) => place(a) - place(b)) };
}
