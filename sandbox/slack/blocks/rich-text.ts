import { boolean, byType, integer, list, number, object, oneOf, type Rule, string } from './rules.ts';
import { blockId } from './text.ts';

const style = object({
  optional: { bold: boolean, code: boolean, italic: boolean, strike: boolean, underline: boolean },
});

function inline(type: string, required: Readonly<Record<string, Rule>>, optional: Readonly<Record<string, Rule>> = {}) {
  return object({ required: { type: oneOf(type), ...required }, optional: { style, ...optional } });
}

const id = string({ min: 1 });

const inlines = {
  text: inline('text', { text: string({ min: 1 }) }),
  link: inline('link', { url: string({ min: 1 }) }, { text: string(), unsafe: boolean }),
  user: inline('user', { user_id: id }),
  usergroup: inline('usergroup', { usergroup_id: id }),
  channel: inline('channel', { channel_id: id }),
  team: inline('team', { team_id: id }),
  broadcast: inline('broadcast', { range: oneOf('here', 'channel', 'everyone') }),
  emoji: inline('emoji', { name: id }, { unicode: string(), url: string() }),
  color: inline('color', { value: id }),
  date: inline('date', { timestamp: number, format: id }, { url: string(), fallback: string() }),
};

const anyInline = byType(inlines);
const border = { border: oneOf(0, 1) };

const section = object({ required: { type: oneOf('rich_text_section'), elements: list(anyInline) } });

/** The block that people's own messages are made of; nothing in it is parsed, so untrusted text is safe there. */
export const richText: Rule = object({
  required: {
    type: oneOf('rich_text'),
    elements: list(
      byType({
        rich_text_section: section,
        rich_text_list: object({
          required: {
            type: oneOf('rich_text_list'),
            style: oneOf('bullet', 'ordered'),
            elements: list(byType({ rich_text_section: section })),
          },
          optional: { ...border, indent: integer({ min: 0, max: 8 }), offset: integer({ min: 0, max: 1_000 }) },
        }),
        rich_text_quote: object({
          required: { type: oneOf('rich_text_quote'), elements: list(anyInline) },
          optional: border,
        }),
        rich_text_preformatted: object({
          required: {
            type: oneOf('rich_text_preformatted'),
            elements: list(byType({ text: inlines.text, link: inlines.link })),
          },
          optional: { ...border, language: string() },
        }),
      }),
    ),
  },
  optional: { block_id: blockId },
});
