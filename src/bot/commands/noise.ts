import { canSomewhere } from '../../domain/access.ts';
import { noiseAdvice } from '../../domain/noise/advice.ts';
import { longestNoiseMs, usualNoiseMs } from '../../domain/noise/noise.ts';
import { bookFor } from '../../domain/rules/book.ts';
import { noiseOfClusters } from '../../store/reads/alert-noise.ts';
import { readRuleEdits } from '../../store/reads/rules.ts';
import type { BotCommand } from '../bot.ts';
import { findClusterByWord, readableBy } from '../resolve.ts';
import { noiseView } from '../views/noise.ts';
import { readDuration } from './duration.ts';

const dayMs = 86_400_000;

export const noise: BotCommand = {
  spec: {
    verb: 'noise',
    positional: [{ name: 'cluster', kind: 'word', isOptional: false }],
    flags: [{ name: 'since', takesValue: true, isList: false }],
  },
  summary:
    'Say which alert rules made most noise on a cluster: brief, flapping, taken by nobody; and what may be done about each.',
  examples: ['noise prod-eu', 'noise prod-eu --since 30d'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, now }, { actor, command }) {
    const { id, name, environment } = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', {
      exact: false,
    });
    const at = now();
    const word = command.flags.get('since')?.[0];
    const lastsMs = word === undefined ? usualNoiseMs : readDuration(word, { mostDays: longestNoiseMs / dayMs });
    const since = new Date(at.getTime() - lastsMs);
    const [found] = await noiseOfClusters(db, { visibility: readableBy(actor), clusterIds: [id], since });
    const book = bookFor(await readRuleEdits(db), { clusterId: id, environment, at });
    const rules = (found?.rules ?? []).map((each) => ({
      ...each,
      advice: noiseAdvice(each, { effective: book.effective(each.rule, null), since }),
    }));
    return noiseView({ clusterName: name, lastsMs, isCut: found?.isCut ?? false, rules });
  },
};
