import { frameOf } from '../../domain/charts/alert-chart.ts';
import { altText } from '../../domain/charts/alt-text.ts';
import type { Chart } from '../../domain/charts/chart.ts';
import { subjectKey } from '../../domain/metrics/measurement.ts';
import { messageOf } from '../../errors.ts';
import { readChart } from '../../store/reads/chart-data.ts';
import type { LinePicture } from '../../store/slack/line-picture.ts';
import { type Line, type LineChange, saveLine } from '../../store/slack/slack-lines.ts';
import type { Bot } from '../bot.ts';
import { isReady, uploadPicture } from '../slack/pictures.ts';
import { figureLines, pictureOf } from '../views/graph.ts';
import { fitLines, type Message, safe } from '../views/text.ts';
import { judge } from './deliver.ts';
import { backOffMs } from './pace.ts';

/** Drawing waits for its turn; nobody else begins it meanwhile. */
const drawingMs = 90_000;
const lookAgainMs = 500;
/** A picture that Slack did not take up in this time is left out. */
const readyMs = 2 * 60_000;
/** So often is a picture tried to be brought to Slack. */
const mostAttempts = 8;

export type Prepared = { readonly line: Line; readonly picture: LinePicture };

/**
 * Brings a reply with a picture one step further: drawn and uploaded, then looked at by Slack. Answers the message once it can be posted, without the
 * picture if there will be none, and says so; null = not yet, and what is known is recorded.
 */
export async function preparePicture(bot: Bot, prepared: Prepared): Promise<Message | null> {
  const { line, picture } = prepared;
  const { failed, uploaded } = picture;
  if (failed !== null) return { text: `${line.text}\n_No picture: ${safe(failed, 200)}._` };
  if (uploaded === null) return drawAndUpload(bot, prepared);
  try {
    if (await isReady(bot.clients, uploaded.file)) return pictureOf({ words: line.text, ...uploaded });
  } catch (error) {
    return goOn(bot, prepared, judge(error));
  }
  if (bot.now().getTime() - uploaded.at.getTime() > readyMs)
    return leaveOut(bot, prepared, 'Slack did not take it up in time');
  await saveLine(bot.db, line, { nextTryInMs: lookAgainMs });
  return null;
}

async function drawAndUpload(bot: Bot, { line, picture }: Prepared): Promise<null> {
  if (!(await saveLine(bot.db, line, {}, { keepForMs: drawingMs }))) return null;
  const chart = await chartFor(bot, picture);
  if ('because' in chart) return leaveOut(bot, { line, picture }, chart.because);
  const words = fitLines([line.text.split('\n')[0] ?? '', ...figureLines(chart)], 2_500);
  const described: Prepared = { line: { ...line, text: words }, picture };
  const drawn = await bot.pictures.painter.draw(chart);
  if (drawn.kind === 'NONE') return leaveOut(bot, described, drawn.because);
  try {
    const file = await uploadPicture(bot.clients, bot.pictures, {
      png: drawn.png,
      filename: `${picture.metric}.png`,
      title: `${chart.title}, ${chart.place}`,
      altText: altText(chart),
    });
    const uploaded = { file, altText: altText(chart), at: bot.now() };
    await save(bot, described, { picture: { ...picture, uploaded }, nextTryInMs: lookAgainMs });
    return null;
  } catch (error) {
    return goOn(bot, described, judge(error));
  }
}

async function chartFor(bot: Bot, { cluster, metric, subject, threshold, moment, since, at }: LinePicture) {
  try {
    const now = bot.now();
    const isWanted = (each: object) => subjectKey(each) === subject;
    const question = { metric, now, ...frameOf(moment, { since, at, now }), threshold, isWanted };
    const ended = moment === 'RESOLVED' ? { endedAt: at } : {};
    const chart: Chart = await readChart(bot.db, cluster, { ...question, ...ended, isOverall: subject === '' });
    return chart.lines.length === 0 ? { because: 'nothing was measured in that time' } : chart;
  } catch (error) {
    return { because: messageOf(error) };
  }
}

type Refusal = { readonly kind: string; readonly error: string };

/** Tries again what may work later, for a while; the words are never lost by it. */
async function goOn(bot: Bot, prepared: Prepared, { kind, error }: Refusal): Promise<null> {
  const attempts = prepared.line.attempts + 1;
  if (error === 'missing_scope') return leaveOut(bot, prepared, 'the Slack app lacks files:write or files:read');
  if ((kind !== 'later' && kind !== 'unknown') || attempts >= mostAttempts) return leaveOut(bot, prepared, error);
  await save(bot, prepared, { attempts, error, nextTryInMs: backOffMs(attempts) });
  return null;
}

async function leaveOut(bot: Bot, prepared: Prepared, because: string): Promise<null> {
  bot.log.warn({ line: prepared.line.id, because }, 'a picture in slack is left out');
  await save(bot, prepared, { picture: { ...prepared.picture, failed: because }, attempts: 0, nextTryInMs: 0 });
  return null;
}

async function save(bot: Bot, { line }: Prepared, change: LineChange): Promise<void> {
  await saveLine(bot.db, line, { state: 'QUEUED', text: line.text, ...change });
}
