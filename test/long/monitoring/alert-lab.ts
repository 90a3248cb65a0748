import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { patienceMs } from '../../../sandbox/patience.ts';
import type { SeenMessage } from '../../../sandbox/slack/hands/seen.ts';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import type { ContextOptions } from '../../../src/app/context.ts';
import { startBot } from '../../../src/bot/start.ts';
import { type Alert, alertName } from '../../../src/domain/alert.ts';
import { startMonitor } from '../../../src/monitor/start.ts';
import type { Database } from '../../../src/store/database.ts';
import { listAlerts } from '../../../src/store/reads/alerts.ts';
import { notJudgedOfClusters } from '../../../src/store/reads/rules.ts';
import { type Engine, startEngine } from '../../helpers/engine.ts';

/** What a breakage has to bring about. */
export type Told = {
  readonly rule: string;
  readonly severity: Alert['severity'];
  readonly labels: Readonly<Record<string, string>>;
  /** The title of the card, in which the subject is named. */
  readonly title: RegExp;
  /** The text of the card, with its number. */
  readonly words: RegExp;
};

/**
 * A whole Starwarden in front of a stand-in Slack: worker, bot and, once it is asked to, a monitor that looks about once a second.
 * Nothing of what it does is replaced; only its times are shorter.
 */
export type AlertLab = {
  readonly engine: Engine;
  readonly slack: Slack;
  /** Begins to look at all clusters. */
  watch(): void;
  /** Ends to look, until `watch`. */
  rest(): Promise<void>;
  /** Begins to look, and ends when one look was recorded. */
  lookOnce(clusterId: string): Promise<void>;
  /** The alerts of a cluster that are not resolved, hidden ones too. */
  open(clusterId: string): Promise<readonly Alert[]>;
  /** Waits for an alert and its card. */
  tells(clusterId: string, told: Told): Promise<void>;
  /** Waits until the alert, and so its card, says that it is over. */
  tellsOfTheEnd(clusterId: string, told: Told): Promise<void>;
  /** Every card of an alert in the channel, as it looks now. */
  cards(): readonly SeenMessage[];
  close(): Promise<void>;
};

export type LabOptions = ContextOptions & {
  readonly env?: Record<string, string>;
  /** A minute of a rule's `for` is so many seconds. Default 0.2: half an hour is 6 s. */
  readonly secondsAMinute?: number;
};

/** Where people read of an alert: its own message, or its line in that of a group or storm. */
type Telling = { readonly head: string; readonly state: string; readonly words: string };

const isShared = /^\[\w+\] (?:\S+: \d+ alerts? about|Alert storm)/;
const isDaily = /^Daily digest of alerts, /;
const ownOrShared = new RegExp(`\\bA-\\d+|${isShared.source}|${isDaily.source}`);
const lookEveryMs = 1_200;
const channel = 'ops-alerts';
const atOnce = { CRITICAL: 0, HIGH: 0, MEDIUM: 0 };

export async function startAlertLab({
  env = {},
  secondsAMinute = 0.2,
  ...options
}: LabOptions = {}): Promise<AlertLab> {
  await using undo = new AsyncDisposableStack();
  const slack = await startSlack({ socketMode: true, settings: { rates: 'off' } });
  undo.defer(() => slack.stop());
  const engine = await startEngine({
    ...options,
    env: { STARWARDEN_PROBE_INTERVAL_MS: String(lookEveryMs), ...slackEnv(slack), ...env },
  });
  undo.defer(() => engine.close());
  const bot = await startBot(engine.ctx, {
    pace: { pollMs: 100, postGapMs: 0, editGapMs: 0, cardGapMs: 100 },
    // All rules are broken at once and each has to be seen: a batch is told at once, and there is no storm.
    deliveryTimes: {
      firstMs: atOnce,
      furtherMs: atOnce,
      intervalMs: { ...atOnce, LOW: 0 },
      perMinute: 10_000,
      perHour: 10_000,
    },
  });
  undo.defer(() => bot.stop());
  await slack.ctl.sockets.connected();
  let monitor: { stop(): Promise<void> } | null = null;
  const rest = async () => {
    await monitor?.stop();
    monitor = null;
  };
  undo.defer(rest);
  const { db } = engine.ctx;
  const all = (clusterId: string) =>
    listAlerts(db, { visibility: 'everywhere', filter: { clusterId }, page: { limit: 200, after: null } });
  const cards = () =>
    slack
      .person('kim')
      .sees(channel)
      .filter(({ text, threadTs }) => threadTs === null && ownOrShared.test(text));
  const tellingOf = (alert: Alert): Telling | null => {
    const name = new RegExp(`\\b${alertName(alert)}\\b`);
    for (const { text, lines } of cards()) {
      if (isDaily.test(text)) continue;
      if (!isShared.test(text) && name.test(text)) return { head: text, state: text, words: lines.join('\n') };
      const line = lines.flatMap((each) => each.split('\n')).find((each) => name.test(each) && each.includes('·'));
      // A message for several says who and where; the number is one command away.
      if (isShared.test(text) && line !== undefined && [text, line].some((each) => each.includes(alert.clusterName)))
        return { head: `${text.split(': ')[0]}: ${line}`, state: line, words: alert.text };
    }
    return null;
  };
  const lastDaily = () => cards().findLast(({ text }) => isDaily.test(text));
  /** What is LOW stands in the daily message alone, and is gone from the next one when it is over. */
  const dailyTellingOf = (alert: Alert): Telling | null => {
    const lines = lastDaily()?.lines.flatMap((each) => each.split('\n')) ?? [];
    const line = lines.find((each) => new RegExp(`\\b${alertName(alert)}\\b`).test(each));
    if (line !== undefined) return { head: `[LOW] ${alert.clusterName}: ${line}`, state: 'Firing', words: alert.text };
    const ended = lines.find((each) => /^\d+ alerts? of earlier digests (is|are) resolved/.test(each));
    return ended === undefined ? null : { head: ended, state: 'Resolved', words: ended };
  };
  let days = 0;
  /** The hour of a daily message comes, as long as the last one does not say what it should. */
  const isSaid = async (alert: Alert, state: 'Firing' | 'Resolved'): Promise<boolean> => {
    if (alert.severity !== 'LOW') return tellingOf(alert)?.state.includes(state) === true;
    if (dailyTellingOf(alert)?.state === state) return true;
    days += 1;
    await letDayPass(db, days);
    return false;
  };
  const found = async (clusterId: string, { rule, labels }: Told) =>
    (await all(clusterId)).find((alert) => alert.rule === rule && isSame(alert.labels, labels));
  const whyNot = async (clusterId: string, { rule }: Told): Promise<string> => {
    const [look] = await notJudgedOfClusters(db, [clusterId]);
    const gaps = look?.notJudged.filter((each) => each.rule === rule) ?? [];
    const open = (await all(clusterId)).map(({ title, signal }) => `${title} (${signal})`);
    return JSON.stringify({ gaps, open, cards: cards().map(({ text }) => text) }, null, 1);
  };
  const until = async (what: string, isSo: () => Promise<boolean>, why: () => Promise<string>) => {
    for (const limit = Date.now() + patienceMs; !(await isSo()); await sleep(150))
      if (Date.now() > limit) throw new Error(`${what} did not come: ${await why()}`);
  };
  const ending = undo.move();
  const watch = () => {
    monitor = startMonitor(engine.ctx, {
      probeTimeoutMs: 10_000,
      ...{ factsEveryMs: 1_000, factsShare: 1 / 60 },
      // What is broken twice within minutes would count as flapping.
      alertTimes: { flapChanges: 1_000, rewriteMs: 500, forShare: secondsAMinute / 60, staleAfterMs: 30_000 },
    });
  };
  const lastLook = async (clusterId: string) =>
    Number((await db.selectFrom('probe').select('at').where('cluster_id', '=', clusterId).executeTakeFirst())?.at ?? 0);
  return {
    engine,
    slack,
    watch,
    rest,
    lookOnce: async (clusterId) => {
      const before = await lastLook(clusterId);
      watch();
      while ((await lastLook(clusterId)) === before) await sleep(5);
      await rest();
    },
    open: async (clusterId) => (await all(clusterId)).filter(({ signal }) => signal !== 'RESOLVED'),
    tells: async (clusterId, told) => {
      const isFiring = async () => (await found(clusterId, told))?.signal === 'FIRING';
      await until(`an alert of ${told.rule}`, isFiring, () => whyNot(clusterId, told));
      const alert = await found(clusterId, told);
      if (alert === undefined) throw new Error('the alert is gone');
      expect(alert).toMatchObject({ rule: told.rule, severity: told.severity, labels: told.labels });
      await until(
        `the card of ${alertName(alert)}`,
        () => isSaid(alert, 'Firing'),
        () => whyNot(clusterId, told),
      );
      const card = alert.severity === 'LOW' ? dailyTellingOf(alert) : tellingOf(alert);
      expect(card?.head).toMatch(new RegExp(`^\\[${told.severity}\\] ${alert.clusterName}: `));
      expect(card?.head).toMatch(told.title);
      expect(card?.words).toMatch(told.words);
    },
    tellsOfTheEnd: async (clusterId, told) => {
      const isOver = async () => {
        const alert = await found(clusterId, told);
        return alert?.signal === 'RESOLVED' && (await isSaid(alert, 'Resolved'));
      };
      await until(`the end of ${told.rule}`, isOver, () => whyNot(clusterId, told));
    },
    cards,
    close: () => ending.disposeAsync(),
  };
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** The next daily message is due, as one of a day of its own. */
async function letDayPass(db: Database, days: number): Promise<void> {
  const day = new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  await db
    .updateTable('alert_digest')
    .set({ day, due_at: new Date(`${day}T09:00:00Z`) })
    .where('open_key', 'is not', null)
    .execute();
}

function slackEnv(slack: Slack): Record<string, string> {
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    SLACK_ALERT_CHANNEL: slack.channelId(channel),
    SLACK_RUN_CHANNEL: slack.channelId(channel),
  };
}
