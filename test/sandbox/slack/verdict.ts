import { SlackError } from '../../../sandbox/slack/slack-error.ts';

/** What Slack would say: `ok`, or the error with its first detail. */
export function wordsOf(check: () => void): string {
  try {
    check();
    return 'ok';
  } catch (error) {
    if (error instanceof SlackError) return [error.code, error.details[0]].filter(Boolean).join(': ');
    throw error;
  }
}
