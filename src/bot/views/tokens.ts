import { type EndingToken, settledStage, stageOfToken, untilEnd } from '../../domain/token-expiry.ts';
import { code, context, count, date, fitLines, type Message, safe, section } from './text.ts';

/** When a token ends, and what that means, in a sentence. */
export function tokenSentence(token: EndingToken, now: Date): string {
  const { label, personName, expiresAt } = token;
  const name = `The API token ${code(label, 60)} of ${safe(personName, 64)}`;
  if (stageOfToken(token, now) === settledStage) return `${name} is no longer needed: it was ended or replaced.`;
  if (expiresAt === null) return `${name} does not end.`;
  const when = `${untilEnd(expiresAt, now)}, at ${date(expiresAt, 'day')}`;
  if (expiresAt <= now) return `${name} *has ended*, ${when}: whatever uses it is refused.`;
  return `${name} *ends ${when}*. From then on whatever uses it is refused.`;
}

/** The message about a token that ends. `calls` = mentions, which come from links alone. */
export function tokenMessage(
  token: EndingToken,
  { now, calls, mayRepeat }: { readonly now: Date; readonly calls: string; readonly mayRepeat: boolean },
): Message {
  const said = tokenSentence(token, now);
  const isOpen = stageOfToken(token, now) !== settledStage;
  const todo = isOpen
    ? ' Who may manage access makes another with `createToken`; with the same label it takes the place of this one.'
    : '';
  const again = mayRepeat ? ' (may appear twice)' : '';
  return {
    text: [isOpen ? calls : '', `${said}${todo}${again}`].join(' ').trim(),
    blocks: [section(`${said}${todo}${again}`), ...(isOpen && calls !== '' ? [context(calls)] : [])],
  };
}

/** Tokens that somebody can log in with now. `ofAll`: of everybody, else the asker's own. */
export function tokenList(tokens: readonly EndingToken[], { now, ofAll }: { now: Date; ofAll: boolean }): Message {
  if (tokens.length === 0) return { text: ofAll ? 'Nobody has a token of the API.' : 'You have no token of the API.' };
  const lines = tokens.map((token) => {
    const { label, personName, expiresAt, isSettled } = token;
    const end = expiresAt === null ? 'does not end' : `ends ${untilEnd(expiresAt, now)}, ${date(expiresAt, 'day')}`;
    const soon = [1, 2, 3].includes(stageOfToken(token, now)) ? '*soon* · ' : '';
    const replaced = isSettled ? ' · there is a newer one of this label' : '';
    return `${soon}${code(label, 60)}${ofAll ? ` of ${safe(personName, 64)}` : ''} · ${end}${replaced}`;
  });
  return {
    text: `${count(tokens.length, 'token')} of the API${ofAll ? '' : ' of yours'}: ${safe(tokens.map(({ label }) => label).join(', '), 400)}`,
    blocks: [
      section(fitLines(lines, 2900)),
      context('`createToken` and `revokeToken` in the API make and end tokens; no token is ever shown in Slack.'),
    ],
  };
}
