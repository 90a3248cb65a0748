/** A named observation in a report: a preflight check, a health check, or one line of a post-check. */
export type NamedCheck = {
  readonly name: string;
  readonly status: 'PASS' | 'FAIL' | 'SKIPPED';
  /** How bad it is if the check fails. */
  readonly severity: 'BLOCK' | 'WARN' | 'INFO';
  readonly observed: string;
  readonly wanted: string;
  readonly hint: string | null;
};

export type Texts = Pick<NamedCheck, 'observed' | 'wanted' | 'hint'>;

/** The result of a check, for a report: a check that passed needs no hint. */
export function verdict(name: string, severity: NamedCheck['severity'], passed: boolean, texts: Texts): NamedCheck {
  return found(name, severity, passed, { ...texts, hint: passed ? null : texts.hint });
}

/** The same for a check of a run's end, which has its hint whatever was found. */
export function found(name: string, severity: NamedCheck['severity'], passed: boolean, texts: Texts): NamedCheck {
  return { name, severity, status: passed ? 'PASS' : 'FAIL', ...texts };
}

/** A check that nobody made: it neither passes nor fails anything. */
export function skipped(
  name: string,
  { why, wanted, severity = 'INFO', hint = null }: { why: string } & Pick<NamedCheck, 'wanted'> & Partial<NamedCheck>,
): NamedCheck {
  return { name, severity, status: 'SKIPPED', observed: why, wanted, hint };
}

/**
 * A check that would pass on the answers of some, while others were not asked or did not answer: it has not covered
 * everything.
 */
export function passedByAll(
  check: NamedCheck,
  { told, of, what }: { told: number; of: number; what: string },
): NamedCheck {
  if (check.status !== 'PASS' || told >= of) return check;
  return skipped(check.name, {
    why: `${check.observed}; ${of - told} of ${of} ${what} told nothing`,
    wanted: check.wanted,
  });
}

/** True for a check that forbids: a FAIL of severity BLOCK. */
export function blocks({ status, severity }: NamedCheck): boolean {
  return status === 'FAIL' && severity === 'BLOCK';
}

/**
 * True when the checks rest on an observation: at least one was made, and where some were not, at least one of severity
 * BLOCK was. A skipped check says nothing, so checks that were all skipped pass nothing.
 */
export function hasLooked(checks: readonly NamedCheck[]): boolean {
  const made = checks.filter(({ status }) => status !== 'SKIPPED');
  if (made.length === checks.length) return made.length > 0;
  return made.some(({ severity }) => severity === 'BLOCK');
}

/** The whole report in one word: the worst that failed; if nothing did, whether anything was observed that could tell. */
export function worstOf(checks: readonly NamedCheck[]): 'BLOCK' | 'WARN' | 'UNKNOWN' | 'NOTHING' {
  if (checks.some(blocks)) return 'BLOCK';
  if (!hasLooked(checks)) return 'UNKNOWN';
  return checks.some(({ status, severity }) => status === 'FAIL' && severity === 'WARN') ? 'WARN' : 'NOTHING';
}
