import type { Actor, RoleBinding } from '../../domain/access.ts';
import { code, fitLines, type Message, mention, safe } from './text.ts';

export function whoamiNotice(slackUser: string, actor: Actor | null): Message {
  if (actor === null)
    return { text: `You are ${mention(slackUser)}, and not linked with a person of Starwarden. Type \`/sr link\`.` };
  const bindings = actor.bindings.map(bindingWords);
  const roles =
    bindings.length === 0
      ? 'no role, so you may do nothing yet; ask an ADMIN'
      : fitLines(bindings, 1500).replaceAll('\n', ', ');
  return { text: `You are ${mention(slackUser)} and act as *${safe(actor.name, 100)}*: ${roles}.` };
}

/** Only the person may see the code: it is sent as an ephemeral message. */
export function linkNotice(linkCode: string, actor: Actor | null): Message {
  const now = actor === null ? '' : `You act as *${safe(actor.name, 100)}* now; the code replaces that. `;
  return {
    text: `${now}To link this Slack account with yourself, send this within 10 minutes to the GraphQL API *with your own token*:\n${code(`mutation { linkSlackUser(code: "${linkCode}") { person { name } userErrors { message } } }`, 300)}\nTell the code to nobody: who sends it is who you are in Slack.`,
  };
}

function bindingWords({ role, scope }: RoleBinding): string {
  switch (scope.kind) {
    case 'all':
      return `${role} everywhere`;
    case 'environment':
      return `${role} on ${safe(scope.environment, 60)}`;
    case 'cluster':
      return `${role} on ${code(scope.clusterId)}`;
    default:
      return scope satisfies never;
  }
}
