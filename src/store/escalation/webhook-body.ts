import { type Alert, alertName, alertWord, titleToShow } from '../../domain/alert.ts';
import type { StepKind } from '../../domain/escalation/policy.ts';

/** What a webhook gets. Fields are only ever added; `version` says that one was taken away or means something else. */
export function webhookBody(alert: Alert, { step, kind, at }: { step: number; kind: StepKind; at: Date }) {
  return {
    ...{ version: 1, event: 'alert.escalated', at: at.toISOString() },
    alert: {
      ...{ id: alert.id, name: alertName(alert), rule: alert.rule, severity: alert.severity, state: alertWord(alert) },
      ...{ cluster: alert.clusterName, environment: alert.environment, labels: alert.labels },
      ...{ title: titleToShow(alert), text: alert.text, since: alert.since.toISOString() },
      // The same for all calls about one alert: what receives them joins them by it.
      dedupKey: alert.id,
    },
    escalation: { step, kind },
  };
}
