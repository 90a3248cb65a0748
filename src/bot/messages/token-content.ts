import { type EndingToken, settledStage, stageOfToken } from '../../domain/token-expiry.ts';
import { findTokens } from '../../store/reads/tokens.ts';
import { type Card, ensureCard } from '../../store/slack/slack-cards.ts';
import type { NewLine } from '../../store/slack/slack-lines.ts';
import { listTokensWithoutCard } from '../../store/slack/token-cards.ts';
import type { Bot } from '../bot.ts';
import { mention } from '../views/text.ts';
import { tokenMessage, tokenSentence } from '../views/tokens.ts';
import { accountOf } from './escalation-content.ts';
import { accountsOfHolders } from './holders.ts';

const lookEveryMs = 60_000;

/** Makes the messages about tokens that end soon: in the channel of alerts, else to whom it concerns. */
export function createTokenWatch(bot: Bot): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + lookEveryMs;
    for (const token of await listTokensWithoutCard(bot.db, bot.now())) {
      const channel = bot.settings.alertChannel ?? (await accountsFor(bot, token))[0];
      if (channel !== undefined) await ensureCard(bot.db, { kind: 'TOKEN', subjectId: token.id, channel });
    }
  };
}

type TokenContent = {
  readonly message: ReturnType<typeof tokenMessage>;
  readonly revision: number;
  readonly joinRevision: number;
  readonly lines: readonly NewLine[];
  readonly otherPlaces: readonly string[];
};

/** The message about a token that ends, with a reply at each later stage, which the whole channel sees; null = it is gone. */
export async function readTokenContent(
  bot: Bot,
  card: Pick<Card, 'subjectId'> & Partial<Pick<Card, 'createdAt'>>,
  { mayRepeat }: { readonly mayRepeat: boolean },
): Promise<TokenContent | null> {
  const [token] = await findTokens(bot.db, [card.subjectId]);
  if (token === undefined) return null;
  const now = bot.now();
  const stage = stageOfToken(token, now);
  const accounts = await accountsFor(bot, token);
  const calls = accounts.map(mention).join(' ');
  const firstStage = stageOfToken({ ...token, isSettled: false }, card.createdAt ?? now);
  const isLater = stage > firstStage && stage < settledStage;
  return {
    message: tokenMessage(token, { now, calls, mayRepeat }),
    revision: stage,
    joinRevision: 0,
    // After an outage of days the newest stage alone is told.
    lines: isLater
      ? [{ key: `stage:${stage}`, text: [calls, tokenSentence(token, now)].join(' ').trim(), broadcast: true }]
      : [],
    otherPlaces: [...(bot.settings.fallbackChannel === null ? [] : [bot.settings.fallbackChannel]), ...accounts],
  };
}

/** Slack accounts of whose token it is, and of some who may make another. */
async function accountsFor(bot: Bot, { personId, personName }: EndingToken): Promise<readonly string[]> {
  const own = await accountOf(bot, personId, personName);
  const makers = await accountsOfHolders(bot, 'access:manage');
  return [...new Set(own === null ? makers : [own, ...makers])];
}
