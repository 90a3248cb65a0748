import { can } from '../../domain/access.ts';
import { listUsableTokens } from '../../store/reads/tokens.ts';
import type { BotCommand } from '../bot.ts';
import { tokenList } from '../views/tokens.ts';

export const tokens: BotCommand = {
  spec: { verb: 'tokens', positional: [], flags: [] },
  summary: 'List your tokens of the API, those that end first before others; of everybody for who manages access.',
  examples: ['tokens'],
  waiting: null,
  isAllowed: () => true,
  access: 'linked',
  async run({ db, now }, { actor }) {
    const at = now();
    const ofAll = can(actor, 'access:manage', null);
    return tokenList(await listUsableTokens(db, { personId: ofAll ? null : actor.id, now: at }), { now: at, ofAll });
  },
};
