import { describe, expect, it } from 'vitest';
import { parseMrkdwn } from '../../../sandbox/slack/blocks/mrkdwn.ts';
import { noticeOf } from '../../../sandbox/slack/blocks/notice.ts';
import type { JsonObject } from '../../../sandbox/slack/json.ts';
import { mrkdwn, plain } from './helpers.ts';

const notice = (blocks: readonly JsonObject[], text = '', attachments: readonly JsonObject[] = []) =>
  noticeOf({ text, blocks, attachments });
const nobody = { users: [], groups: [], broadcasts: [], links: [] };

describe('who a message calls', () => {
  it.each([
    ['<!channel> help', { ...nobody, broadcasts: ['channel'] }],
    ['<!here|here>', { ...nobody, broadcasts: ['here'] }],
    ['hi <@U123ABC|kim>', { ...nobody, users: ['U123ABC'] }],
    ['<!subteam^S123ABC|@oncall>', { ...nobody, groups: ['S123ABC'] }],
    ['<https://e.org|label>', { ...nobody, links: ['https://e.org'] }],
    ['bare https://e.org/x here', { ...nobody, links: ['https://e.org/x'] }],
    ['&lt;!channel&gt; &amp;lt;@U123ABC&amp;gt;', nobody],
    ['< !channel> <@kim> @channel @kim', nobody],
    ['<!date^1763640000^{time}|12:00>', nobody],
  ])('is read from mrkdwn: %s', (text, expected) => {
    expect(notice([{ type: 'section', text: mrkdwn(text) }])).toEqual(expected);
    expect(notice([], text)).toEqual(expected);
    expect(notice([], '', [{ text }])).toEqual(expected);
    expect(notice([], '', [{ blocks: [{ type: 'context', elements: [mrkdwn(text)] }] }])).toEqual(expected);
  });

  it('is nobody from plain text, values and code-like rich text', () => {
    const blocks = [
      { type: 'header', text: plain('<!channel>') },
      { type: 'actions', elements: [{ type: 'button', text: plain('<@U123ABC>'), value: '<!here>' }] },
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: '<!channel> https://e.org' }] }],
      },
    ];
    expect(notice(blocks)).toEqual(nobody);
  });

  it('includes the live elements of rich text', () => {
    const elements = [
      { type: 'user', user_id: 'U1' },
      { type: 'broadcast', range: 'here' },
    ];
    const blocks = [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }];
    expect(notice(blocks)).toEqual({ ...nobody, users: ['U1'], broadcasts: ['here'] });
  });
});

it('undoes entities once', () => {
  expect(parseMrkdwn('a &amp;lt; b')).toEqual([{ kind: 'text', text: 'a &lt; b' }]);
});
