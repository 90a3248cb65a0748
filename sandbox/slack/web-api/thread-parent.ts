import type { Core } from '../core.ts';
import { SlackError } from '../slack-error.ts';
import { findMessage } from '../workspace/workspace.ts';

/**
 * The parent that a reply goes to; a reply to a reply goes to that one's parent. What Slack does with an unknown parent
 * is not documented, so the stand-in refuses and complains.
 */
export function threadParent(core: Core, channel: string, threadTs: string | null): string | null {
  if (threadTs === null) return null;
  const parent = findMessage(core.workspace, channel, threadTs);
  if (parent === null || parent.visibleTo !== null) {
    core.complaints.push(`a reply names the parent ${threadTs}, which is not in ${channel}`);
    throw new SlackError('cannot_reply_to_message');
  }
  return parent.threadTs ?? parent.ts;
}
