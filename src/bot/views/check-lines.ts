import type { Run } from '../../domain/run.ts';
import { hasLooked, type NamedCheck } from '../../domain/verdict.ts';
import { count, fitLines, plain, safe } from './text.ts';

type PostCheck = NonNullable<Run['postCheck']>;

/** If more checks than these passed, only their names are shown, or in a sentence only their number. */
const shownPassed = 12;
const namedPassed = 5;

/** What was observed on the cluster at the end; failed checks come first. */
export function checkLines({ checks }: PostCheck, max = 2500): string {
  const wrong = checks.filter((check) => check.status === 'FAIL');
  const failed =
    wrong.length === 0 ? count(checks.length, 'check') : `${wrong.length} of ${count(checks.length, 'check')} failed`;
  const summary = wrong.length > 0 || checks.length === 0 || hasLooked(checks) ? failed : 'nothing could be looked at';
  const inOrder = [...checks].sort(byUrgency);
  const passed = checks.filter((check) => check.status === 'PASS');
  const isLong = passed.length > shownPassed;
  const lines = inOrder.filter((check) => !isLong || check.status !== 'PASS').map(checkLine);
  const folded = isLong ? [`✔ passed: ${passed.map(({ name }) => safe(name, 60)).join(', ')}`] : [];
  return fitLines([`*Checked at the end*: ${summary}`, ...lines, ...folded], max);
}

/** The same in a sentence. A run can succeed with a warning, which must not be left out. */
export function checkSentence(postCheck: PostCheck | null): string {
  if (postCheck === null) return '';
  const named = (status: NamedCheck['status']) =>
    postCheck.checks
      .filter((check) => check.status === status)
      .map((check) => safe(plain(`${check.name} (${check.observed})`, 120), 140))
      .join(', ');
  const failed = named('FAIL');
  if (!postCheck.passed) return `The check at the end did not pass${failed === '' ? '' : `: ${failed}`}.`;
  const warning = failed === '' ? '' : `Look at: ${failed}. `;
  const passed = postCheck.checks.filter((check) => check.status === 'PASS').length;
  if (passed > namedPassed) return `${warning}${count(passed, 'check')} passed.`;
  if (passed > 0) return `${warning}Checked: ${named('PASS')}.`;
  const skipped = named('SKIPPED');
  return skipped === '' ? warning.trimEnd() : `${warning}Not checked: ${skipped}.`;
}

/** How a failed run has left things: only checks that did not pass, and whose observation is not already in `said`. */
export function leftSentence(postCheck: PostCheck | null, said: string): string {
  const left = (postCheck?.checks ?? []).filter(
    ({ status, observed }) => status !== 'PASS' && !said.includes(observed),
  );
  if (left.length === 0) return '';
  return `Seen at the end: ${left.map(({ observed }) => safe(plain(observed, 200), 220)).join('; ')}.`;
}

function checkLine({ name, status, severity, observed, wanted, hint }: NamedCheck): string {
  const said = `${safe(name, 60)}: ${safe(observed, 200)}`;
  if (status === 'PASS') return `✔ ${said}`;
  if (status === 'SKIPPED') return `– not checked, ${said}`;
  const advice = hint === null || hint === '' ? '' : ` ${safe(hint, 200)}`;
  return `✖ ${severity === 'BLOCK' ? 'failed' : 'warning'}, ${said}; wanted ${safe(wanted, 100)}.${advice}`;
}

function byUrgency(a: NamedCheck, b: NamedCheck): number {
  return urgency(a) - urgency(b);
}

function urgency({ status, severity }: NamedCheck): number {
  if (status === 'PASS') return 3;
  if (status === 'SKIPPED') return 2;
  return severity === 'BLOCK' ? 0 : 1;
}
