/** A named observation of a report: a preflight check, a health check, or one line of a post-condition. */
export type NamedCheck = {
  readonly name: string;
  readonly status: 'PASS' | 'FAIL' | 'SKIPPED';
  /** How bad a FAIL is. */
  readonly severity: 'BLOCK' | 'WARN' | 'INFO';
  readonly observed: string;
  readonly wanted: string;
  readonly hint: string | null;
};

export type Texts = Pick<NamedCheck, 'observed' | 'wanted' | 'hint'>;

/** What a look has found, for a report: what passed needs no hint. */
export function verdict(name: string, severity: NamedCheck['severity'], passed: boolean, texts: Texts): NamedCheck {
  return found(name, severity, passed, { ...texts, hint: passed ? null : texts.hint });
}

/** The same for a condition at an end, which says what to do whatever was found. */
export function found(name: string, severity: NamedCheck['severity'], passed: boolean, texts: Texts): NamedCheck {
  return { name, severity, status: passed ? 'PASS' : 'FAIL', ...texts };
}

/** What nobody looked at: it passes nothing, and it fails nothing. */
export function skipped(
  name: string,
  { why, wanted, severity = 'INFO', hint = null }: { why: string } & Pick<NamedCheck, 'wanted'> & Partial<NamedCheck>,
): NamedCheck {
  return { name, severity, status: 'SKIPPED', observed: why, wanted, hint };
}

/** A check that would pass on what some said, while others were not asked or did not tell: it has not looked at everything. */
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

/** What forbids: a FAIL of severity BLOCK. */
export function blocks({ status, severity }: NamedCheck): boolean {
  return status === 'FAIL' && severity === 'BLOCK';
}

/**
 * True when the checks rest on a look: at least one of them was made, and where some were not, one that decides was. A
 * check that was skipped says nothing, so checks that were all skipped pass nothing.
 */
export function hasLooked(checks: readonly NamedCheck[]): boolean {
  const made = checks.filter(({ status }) => status !== 'SKIPPED');
  if (made.length === checks.length) return made.length > 0;
  return made.some(({ severity }) => severity === 'BLOCK');
}

/** The whole report in one word: the worst that failed, else whether anything was looked at by which that could be told. */
export function worstOf(checks: readonly NamedCheck[]): 'BLOCK' | 'WARN' | 'UNKNOWN' | 'NOTHING' {
  if (checks.some(blocks)) return 'BLOCK';
  if (!hasLooked(checks)) return 'UNKNOWN';
  return checks.some(({ status, severity }) => status === 'FAIL' && severity === 'WARN') ? 'WARN' : 'NOTHING';
}
