import { canSomewhere } from '../../domain/access.ts';
import { lookAtRetention } from '../../runs/look-at-backups.ts';
import type { BotCommand } from '../bot.ts';
import { findClusterByWord, findPolicyByWord } from '../resolve.ts';
import { retentionView } from '../views/retention.ts';

export const retention: BotCommand = {
  spec: {
    verb: 'retention',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'policy', kind: 'word', isOptional: false },
    ],
    flags: [],
  },
  summary: 'Show what a backup policy would delete now, and for each backup that stays, why. Nothing is done.',
  examples: ['retention prod-eu nightly'],
  waiting: 'Looks at the backups …',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, engine }, { actor, command }) {
    const cluster = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const word = command.words.get('policy')?.[0] ?? '';
    return retentionView(await lookAtRetention(engine, await findPolicyByWord(db, { actor, cluster, word })));
  },
};
