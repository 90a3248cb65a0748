import type { Json } from '../json.ts';
import { limits } from '../limits.ts';
import { blockList } from './blocks.ts';
import { boolean, list, object, oneOf, type Rule, string } from './rules.ts';

const text = string();
const scalar: Rule = (value: Json, where) => (typeof value === 'number' ? [] : text(value, where));

/** The legacy frame with a colour bar; its blocks are checked as a message's own are. */
export const attachment: Rule = object({
  optional: {
    blocks: blockList(limits.message.blocks),
    color: text,
    fallback: text,
    pretext: text,
    author_name: text,
    author_link: text,
    author_icon: text,
    author_subname: text,
    title: text,
    title_link: text,
    text,
    fields: list(object({ optional: { title: text, value: text, short: boolean } })),
    image_url: text,
    thumb_url: text,
    footer: text,
    footer_icon: text,
    ts: scalar,
    mrkdwn_in: list(oneOf('pretext', 'text', 'fields')),
    callback_id: text,
  },
});
