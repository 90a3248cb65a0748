import type { UserError } from '../../errors.ts';
import { userErrorsNotice } from './notices.ts';
import { code, count, fitLines, type Message, safe, section } from './text.ts';

/** The line that asks again and accepts these checks' warnings; null where warnings cannot be accepted. */
export type AcceptLine = (checks: readonly string[]) => string | null;

/** A refusal by a check, as the preflight words it: `name: observed; wanted: …`. */
const checkMessage = /^([a-z][a-z0-9-]*): (.*?)(?:; wanted: (.*))?$/s;
/** Matches the end of the hint of a warning that a person may accept. */
const acceptHint = / ?If it is meant, put ([a-z][a-z0-9-]*) into acceptWarnings\.$/;

type Finding = {
  readonly name: string;
  readonly observed: string;
  readonly wanted: string;
  readonly hint: string;
  readonly isWarning: boolean;
};

/**
 * Why an operation was not started. Findings of a preflight become a list by check; when all of them may be accepted, the
 * line that accepts them is shown too.
 */
export function refusalNotice(
  errors: readonly UserError[],
  { usage, again }: { usage: string; again: AcceptLine },
): Message {
  const findings = errors.flatMap((error) => findingOf(error) ?? []);
  const warnings = findings.filter(({ isWarning }) => isWarning);
  const line = again(warnings.map(({ name }) => name));
  if (findings.length === 0 || findings.length < errors.length || line === null) return userErrorsNotice(errors, usage);
  const blocking = findings.filter(({ isWarning }) => !isWarning);
  const text = [
    '*Not done*',
    ...(blocking.length === 0 ? [] : [`${count(blocking.length, 'check')} must be mended first`]),
    ...(warnings.length === 0 ? [] : [`${count(warnings.length, 'warning')} may be accepted`]),
  ].join(' · ');
  const hint =
    blocking.length > 0
      ? 'Warnings can be accepted when nothing else is left.'
      : `When all of it is known and meant, this accepts it:\n\`\`\`\n${safe(`/sr ${line}`, 1200).replaceAll('`', "'")}\n\`\`\``;
  return {
    text,
    blocks: [section(text), section(fitLines([...blocking, ...warnings].map(findingLine), 2800)), section(hint)],
  };
}

function findingOf({ message, hint }: UserError): Finding | null {
  const [, name, observed = '', wanted = ''] = checkMessage.exec(message) ?? [];
  if (name === undefined) return null;
  const accept = acceptHint.exec(hint ?? '');
  return { name, observed, wanted, hint: (hint ?? '').replace(acceptHint, ''), isWarning: accept?.[1] === name };
}

function findingLine({ name, observed, wanted, hint, isWarning }: Finding): string {
  const goal = wanted === '' ? '' : `; wanted ${safe(wanted, 150)}`;
  const advice = hint === '' ? '' : `\n\u2003${safe(hint, 300)}`;
  return `${isWarning ? '⚠ warning' : '✖ failed'}: ${code(name, 60)} ${safe(observed, 300)}${goal}.${advice}`;
}
