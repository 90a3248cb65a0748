import { type Slack, startSlack } from '../../sandbox/slack/start.ts';

/** A Slack stand-in without rate limits: those are Slack's, not ours, and hold back whatever runs into them. */
export function startStandIn(): Promise<Slack> {
  return startSlack({ socketMode: true, settings: { rates: 'off' } });
}

/** What Starwarden needs to join it in Socket Mode, with one person of it linked to the owner of the benchmark's token. */
export function slackEnvironment(slack: Slack, link: { person: string; owner: string }): Record<string, string> {
  return {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    SLACK_LINKS: JSON.stringify([{ user: slack.person(link.person).user.id, owner: link.owner }]),
  };
}
