import { canSomewhere } from '../../domain/access.ts';
import { type Alert, alertName } from '../../domain/alert.ts';
import { nodeLabel } from '../../domain/node-identity.ts';
import { explainAlert } from '../../domain/why/why-alert.ts';
import { explainWhyNot } from '../../domain/why/why-not.ts';
import { AppError } from '../../errors.ts';
import { factsOfAlerts, whyNotReads } from '../../store/escalation/why-facts.ts';
import { nodesOfClusters } from '../../store/reads/clusters.ts';
import { readWatched } from '../../store/reads/watched.ts';
import { readWhyNot } from '../../store/reads/why.ts';
import type { Bot, BotCommand } from '../bot.ts';
import { findAlertByWord, findClusterByWord, nodeByWord, readableBy } from '../resolve.ts';
import type { Message } from '../views/text.ts';
import { explanationView } from '../views/why.ts';

export const why: BotCommand = {
  spec: { verb: 'why', positional: [{ name: 'alert', kind: 'word', isOptional: false }], flags: [] },
  summary:
    'Say why somebody was told of an alert, or why nobody is: look, rule, silence, run, acknowledgement, message.',
  examples: ['why A-7'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, { actor, command }) {
    const alert = await findAlertByWord(bot.db, actor, command.words.get('alert')?.[0] ?? '');
    return whyAlert(bot, alert);
  },
};

/** Why people are told of an alert that the person may see, or nobody is. */
export async function whyAlert(
  { db, now, settings }: Pick<Bot, 'db' | 'now' | 'settings'>,
  alert: Alert,
): Promise<Message> {
  const { clusterId: id, clusterName: name, environment } = alert;
  const watched = await readWatched(db, { id, name, environment }, now());
  const [facts] = await factsOfAlerts(db, [alert], { now: watched.now, linkedNames: linkedNames(settings) });
  if (facts === undefined) throw new AppError('NOT_FOUND', `${alertName(alert)} is gone`);
  return explanationView(explainAlert(facts, watched), { about: `${alertName(alert)} on ${name}` });
}

export const whyNot: BotCommand = {
  spec: {
    verb: 'why-not',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'rule', kind: 'word', isOptional: false },
      { name: 'node', kind: 'node', isOptional: true },
    ],
    flags: [],
  },
  summary: 'Say why a rule tells nobody of a cluster, or of one of its nodes: quiet, ripening, not known, off, hidden.',
  examples: ['why-not prod-eu disk_filling', 'why-not prod-eu node_down be 10.0.0.11:9050'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, now, settings }, { actor, command }) {
    const cluster = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const name = (command.words.get('rule')?.[0] ?? '').toLowerCase();
    const word = command.words.get('node')?.[0];
    const found = word === undefined ? null : nodeByWord(await nodesOfClusters(db, [cluster.id]), word);
    if (found !== null && !('node' in found))
      throw new AppError(
        'NOT_FOUND',
        `${cluster.name} has ${found.isAmbiguous ? 'more than one node' : 'no node'} called ${word}`,
        {
          hint: `Its nodes: ${found.candidates.map(nodeLabel).slice(0, 30).join(', ') || 'none known'}.`,
        },
      );
    const watched = await readWatched(db, cluster, now());
    const reads = whyNotReads(db, {
      ...{ visibility: readableBy(actor), now: watched.now, linkedNames: linkedNames(settings) },
    });
    const facts = await readWhyNot(reads, watched, { name, node: found?.node ?? null });
    const about = `${name.slice(0, 60)} on ${found === null ? cluster.name : `${nodeLabel(found.node)} of ${cluster.name}`}`;
    return explanationView(explainWhyNot(facts), { about });
  },
};

function linkedNames({ links }: Bot['settings']): readonly string[] {
  return links.map(({ owner }) => owner);
}
