import type { Alert, AlertEvent } from '../../domain/alert.ts';
import { chartOfAlert, type PictureMoment, pictureMoments } from '../../domain/charts/alert-chart.ts';
import { findMetric } from '../../domain/metrics/catalogue/index.ts';
import { subjectKey } from '../../domain/metrics/measurement.ts';
import type { NewLine } from '../../store/slack/slack-lines.ts';
import type { Bot } from '../bot.ts';
import { safe } from '../views/text.ts';

type Told = { readonly alert: Alert; readonly events: readonly AlertEvent[]; readonly since: Date | null };

/**
 * The replies with a picture that the thread of an alert should have: one of when it was opened, and one of when it was first
 * resolved. They are drawn when they are sent, after the card. Null as `since`: there is no card yet.
 */
export async function alertPictures(
  { pictures, log }: Pick<Bot, 'pictures' | 'log'>,
  { alert, events, since }: Told,
): Promise<readonly NewLine[]> {
  // The card needs no picture: whatever is wrong with that, it goes on without.
  const rule = await pictures.ruleOnNumber(alert).catch((err: unknown) => {
    log.error({ err, alert: alert.id }, 'what number an alert is about could not be read, so it has no picture');
    return null;
  });
  if (rule === null || findMetric(rule.metric) === undefined) return [];
  const { metric, subject, threshold } = chartOfAlert(alert, rule);
  return pictureMoments.flatMap((moment) => {
    const event = eventOf(events, { moment, since });
    if (event === undefined) return [];
    const picture = {
      moment,
      cluster: { id: alert.clusterId, name: alert.clusterName },
      ...{ metric, subject: subjectKey(subject), threshold, since: alert.since, at: event.at },
      ...{ uploaded: null, failed: null },
    };
    const text = `*${findMetric(metric)?.title ?? safe(metric)}*`;
    return [{ key: `picture:${moment.toLowerCase()}`, text, broadcast: false, picture }];
  });
}

/** The card is made after the alert was opened; what ended before there was one is not told. */
function eventOf(events: readonly AlertEvent[], { moment, since }: { moment: PictureMoment; since: Date | null }) {
  const found = events.filter(({ type }) => type === moment).toSorted((a, b) => a.id - b.id);
  return moment === 'OPENED' ? found[0] : found.find(({ at }) => since === null || at >= since);
}
