import { type Alert, alertName } from '../../domain/alert.ts';
import { matchersInWords, type Silence, silenceName, silenceState } from '../../domain/silence.ts';
import type { SilencePreview } from '../../store/reads/silences.ts';
import type { ClusterNames } from './calendar.ts';
import { code, context, count, date, fitLines, type Message, safe, section } from './text.ts';

/** What a silence hides now and would have hidden, in sentences; `isInForce` = it is made, and waits for nobody. */
export function previewWords(
  { open, lastWeek, neverHidden, isCut }: SilencePreview,
  { isInForce }: { readonly isInForce: boolean },
): string {
  const named = (alerts: readonly Alert[]) =>
    alerts.length === 0
      ? ''
      : ` (${alerts
          .slice(0, 10)
          .map((alert) => `${alertName(alert)} ${alert.severity}`)
          .join(', ')}${alerts.length > 10 ? ', …' : ''})`;
  return [
    `It ${isInForce ? 'hides' : 'would hide'} ${count(open.length, 'open alert')} now${named(open)}.`,
    `In the last 7 days it would have hidden ${isCut ? 'at least ' : ''}${count(lastWeek.length, 'alert')} more${named(lastWeek)}.`,
    ...(neverHidden.length === 0
      ? []
      : [`${count(neverHidden.length, 'alert')} of rules that are never hidden stay loud.`]),
  ].join(' ');
}

/** A silence that was just made, agreed to or ended, and what that means. */
export function silenceMade(silence: Silence, { preview, at }: { preview: SilencePreview; at: Date }): Message {
  const name = silenceName(silence);
  const what = `*${name}* ${code(matchersInWords(silence.matchers), 300)} until ${date(silence.until, 'day')}: ${safe(silence.reason, 200)}`;
  switch (silenceState(silence, at)) {
    case 'PENDING':
      return {
        text: `${what}. It hides *nothing* until another person agrees, since it would hide CRITICAL alerts of a whole cluster: \`/sr approve-silence ${name}\`. ${previewWords(preview, { isInForce: false })}`,
      };
    case 'ACTIVE':
      return { text: `${what}. ${previewWords(preview, { isInForce: true })} \`/sr unsilence ${name}\` ends it.` };
    case 'ENDED':
      return { text: `${name} is over. What still fires is told at the next look, as if it were new.` };
  }
}

export function silenceList(silences: readonly Silence[], { at, names }: { at: Date; names: ClusterNames }): Message {
  if (silences.length === 0) return { text: 'Nothing is silenced on the clusters that you may see.' };
  const lines = silences.map((silence) => {
    const waits = silenceState(silence, at) === 'PENDING' ? ' · *waits for a second person*' : '';
    const and = silence.approvedBy === null ? '' : ` and ${safe(silence.approvedBy.name, 60)}`;
    return `*${silenceName(silence)}* ${placeOf(silence, names)} · ${code(matchersInWords(silence.matchers), 200)} · until ${date(silence.until, 'day')} · ${safe(silence.createdBy.name, 60)}${and}: ${safe(silence.reason, 200)}${waits}`;
  });
  return {
    text: `${count(silences.length, 'silence')}: ${silences.map(silenceName).join(', ')}`,
    blocks: [section(fitLines(lines, 2900)), context('`/sr unsilence S-…` ends one.')],
  };
}

function placeOf({ scope }: Silence, names: ClusterNames): string {
  switch (scope.kind) {
    case 'all':
      return 'all clusters';
    case 'environment':
      return `all of ${code(scope.environment, 60)}`;
    case 'cluster':
      return code(names.get(scope.clusterId) ?? scope.clusterId, 60);
    default:
      return scope satisfies never;
  }
}
