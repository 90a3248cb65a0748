import { setTimeout as sleep } from 'node:timers/promises';
import { canSomewhere } from '../../domain/access.ts';
import { altText } from '../../domain/charts/alt-text.ts';
import type { Chart } from '../../domain/charts/chart.ts';
import { whyNothing } from '../../domain/charts/why-nothing.ts';
import type { Cluster, ClusterNode } from '../../domain/cluster.ts';
import { findMetric } from '../../domain/metrics/catalogue/index.ts';
import type { Metric } from '../../domain/metrics/metric.ts';
import { similarMetrics } from '../../domain/metrics/similar-metrics.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import { AppError } from '../../errors.ts';
import { lookAtChart } from '../../runs/look-at-chart.ts';
import type { ToldHistory } from '../../runs/look-at-history.ts';
import { nodesOfClusters } from '../../store/reads/clusters.ts';
import { latestOfClusters } from '../../store/reads/metric-history.ts';
import type { Ask, Bot, BotCommand } from '../bot.ts';
import { judge, post } from '../messages/deliver.ts';
import { findClusterByWord, nodeByWord } from '../resolve.ts';
import { isReady, uploadPicture } from '../slack/pictures.ts';
import { graphAnswer, graphPost } from '../views/graph.ts';
import { notice } from '../views/notices.ts';
import { code, safe } from '../views/text.ts';
import { closest } from './closest.ts';
import { readDuration } from './duration.ts';

const usualSince = '6h';
const keptDays = 30;
const mostDaysElsewhere = 400;
/** How long Slack may look at a picture before we do without it. */
const readyMs = 10_000;
const readyEveryMs = 250;

/**
 * Slack cannot show a file in a message for one person, so the picture goes into the direct conversation with the person who asked, or, with
 * `--share`, into the channel. The answer has the numbers as text in any case.
 */
export const graph: BotCommand = {
  spec: {
    verb: 'graph',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'metric', kind: 'word', isOptional: false },
    ],
    flags: [
      { name: 'since', takesValue: true, isList: false },
      { name: 'node', takesValue: true, isList: false, isNode: true },
      { name: 'share', takesValue: false, isList: false },
    ],
  },
  summary: 'Show a number of a cluster over time, as a picture and in words. Only you see it, unless you share it.',
  examples: ['graph prod-eu query_p95_ms', 'graph prod-eu disk_used_share --since 2d --node be 10.0.0.11:9050 --share'],
  waiting: 'Drawing…',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, { ask, actor, command }) {
    const cluster = await findClusterByWord(bot.db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const metric = metricByWord(command.words.get('metric')?.[0] ?? '');
    const nodes = await nodesOfClusters(bot.db, [cluster.id]);
    const node = nodeOf(command.flags.get('node')?.[0], { cluster, metric, nodes });
    const now = bot.now();
    const mostDays = bot.engine.prometheus === undefined ? keptDays : mostDaysElsewhere;
    const from = new Date(now.getTime() - readDuration(command.flags.get('since')?.[0] ?? usualSince, { mostDays }));
    const isWanted = ({ nodeId }: { readonly nodeId?: string }) => node === null || nodeId === node.id;
    const question = { metric: metric.name, from, to: now, now, isWanted };
    const { chart, told } = await lookAtChart(bot.engine, cluster, question);
    if (chart.lines.length === 0)
      return nothingToDraw(bot, { cluster, metric, nodes: node === null ? nodes : [node], isWanted });
    const shown = await show(bot, { ask, chart, metric, isShared: command.flags.has('share') });
    return graphAnswer({ chart, where: [shown, ...sourceWords(told)].join(' ') });
  },
};

/** Where the values are from, when there is another place than our own history. */
function sourceWords({ source, note }: ToldHistory): readonly string[] {
  const from = source === 'PROMETHEUS' ? ['The values are from Prometheus.'] : [];
  return note === null ? from : [...from, safe(`${note.slice(0, 1).toUpperCase()}${note.slice(1)}`, 600)];
}

function metricByWord(word: string): Metric {
  const metric = findMetric(word.toLowerCase());
  if (metric !== undefined) return metric;
  const similar = similarMetrics(word);
  throw new AppError('NOT_FOUND', `There is no metric ${word.slice(0, 80)}`, {
    hint:
      similar.length === 0 ? 'docs/monitoring/metrics.md lists all of them.' : `Did you mean ${similar.join(', ')}?`,
  });
}

type NodeQuestion = { readonly cluster: Cluster; readonly metric: Metric; readonly nodes: readonly ClusterNode[] };

function nodeOf(word: string | undefined, { cluster, metric, nodes }: NodeQuestion): ClusterNode | null {
  if (word === undefined) return null;
  if (metric.scope !== 'NODE' && metric.scope !== 'DISK')
    throw new AppError('INVALID_INPUT', `${metric.name} is not measured of single nodes`, {
      hint: 'Leave --node out.',
    });
  const found = nodeByWord(nodes, word);
  if ('node' in found) return found.node;
  const labels = found.candidates.map(nodeLabel);
  const meant = found.isAmbiguous ? null : closest(word, labels);
  throw new AppError(
    'NOT_FOUND',
    `${cluster.name} has ${found.isAmbiguous ? 'more than one node' : 'no node'} called ${word}`,
    {
      hint: meant === null ? `Its nodes: ${labels.slice(0, 30).join(', ') || 'none known'}.` : `Did you mean ${meant}?`,
    },
  );
}

type Nothing = NodeQuestion & { readonly isWanted: (subject: { readonly nodeId?: string }) => boolean };

async function nothingToDraw(bot: Bot, { cluster, metric, nodes, isWanted }: Nothing) {
  const [latest] = await latestOfClusters(bot.db, [cluster.id]);
  const isMeasuredNow =
    latest?.measurements.some((each) => each.metric === metric.name && isWanted(each.subject)) === true;
  const why = whyNothing({ metric, clusterName: cluster.name, nodes, lookedAt: latest?.at ?? null, isMeasuredNow });
  return notice(`There is no value of ${code(metric.name)} of ${code(cluster.name, 60)} to show. ${safe(why, 900)}`);
}

type Showing = { readonly ask: Ask; readonly chart: Chart; readonly metric: Metric; readonly isShared: boolean };

/** Draws the picture, brings it to its place, and says where that is, or why there is none. Never throws. */
async function show(bot: Bot, { ask, chart, metric, isShared }: Showing): Promise<string> {
  const drawn = await bot.pictures.painter.draw(chart);
  if (drawn.kind === 'NONE') return `No picture: ${safe(drawn.because, 200)}.`;
  try {
    const file = await uploadPicture(bot.clients, bot.pictures, {
      png: drawn.png,
      filename: `${metric.name}.png`,
      title: `${chart.title}, ${chart.place}`,
      altText: altText(chart),
    });
    if (!(await waitUntilReady(bot, file))) return 'No picture: Slack has not taken it up yet. Ask again in a minute.';
    const channel = isShared ? (ask.channel ?? ask.user) : ask.user;
    const message = graphPost({ chart, file, sharedBy: isShared ? ask.user : null });
    const outcome = await post(bot.clients.outbox, { id: ask.id, channel, threadTs: null, broadcast: false, message });
    if (outcome.kind === 'sent')
      return isShared
        ? 'The picture is in this conversation, for everybody in it.'
        : 'The picture is in your direct conversation with me.';
    return whyNotShown(bot, outcome);
  } catch (error) {
    return whyNotShown(bot, judge(error));
  }
}

function whyNotShown(bot: Bot, { kind, error }: { readonly kind: string; readonly error: string }): string {
  bot.log.warn({ error, kind }, 'a picture could not be shown in slack');
  switch (kind) {
    case 'unknown':
      return 'Slack gave no answer: the picture may be there, or not.';
    case 'channel':
      return `No picture: Slack does not let me write there (${safe(error, 60)}). Invite me with ${code('/invite')}, or leave ${code('--share')} out.`;
    default:
      return error === 'missing_scope'
        ? `No picture: the Slack app lacks the scopes ${code('files:write')} and ${code('files:read')}.`
        : `No picture: Slack does not take it (${safe(error, 60)}).`;
  }
}

async function waitUntilReady(bot: Bot, file: string): Promise<boolean> {
  const end = performance.now() + readyMs;
  while (performance.now() < end) {
    if (await isReady(bot.clients, file)) return true;
    await sleep(readyEveryMs);
  }
  return false;
}
