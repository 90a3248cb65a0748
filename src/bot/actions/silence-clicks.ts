import { extendedByMs } from '../../domain/silence-end.ts';
import { endSilence, extendSilence } from '../../store/silences/silences.ts';
import type { Click } from '../bot.ts';
import { answerSilence } from '../commands/silences.ts';
import { readSilenceId } from '../views/silence-end.ts';
import { forgedValue } from './forged-value.ts';

/** The controls of the message about a silence that ends, by action id. */
export const silenceClicks: readonly (readonly [string, Click])[] = [
  [
    'silence.extend',
    {
      kind: 'act',
      async run(bot, { ask, actor, value }) {
        const id = readSilenceId(value);
        if (id === null) throw forgedValue();
        const { approvalEnvironments } = bot.engine;
        const by = { actor, requestId: ask.id, approvalEnvironments };
        return answerSilence(bot, actor, await extendSilence(bot.db, { id, byMs: extendedByMs }, by));
      },
    },
  ],
  [
    'silence.end',
    {
      kind: 'act',
      async run(bot, { ask, actor, value }) {
        const id = readSilenceId(value);
        if (id === null) throw forgedValue();
        return answerSilence(bot, actor, await endSilence(bot.db, { id, comment: null }, { actor, requestId: ask.id }));
      },
    },
  ],
];
