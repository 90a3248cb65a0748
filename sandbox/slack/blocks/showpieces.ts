import { limits } from '../limits.ts';
import { imageElement, inCard } from './elements.ts';
import { richText } from './rich-text.ts';
import { boolean, byType, list, object, oneOf, type Rule, string } from './rules.ts';
import { anyText, blockId, markdownText, plainText } from './text.ts';

const picture = byType({ image: imageElement });

const card = object({
  required: { type: oneOf('card') },
  optional: {
    block_id: blockId,
    hero_image: picture,
    icon: picture,
    title: markdownText({ max: limits.card.title }),
    subtitle: markdownText({ max: limits.card.subtitle }),
    body: markdownText({ max: limits.card.body }),
    actions: list(inCard, { max: limits.card.actions }),
  },
});

/** The younger, decorative blocks. What a container may hold is given from outside, since it holds ordinary blocks. */
export function showpieces(children: Rule) {
  return {
    card,
    carousel: object({
      required: { type: oneOf('carousel'), elements: list(byType({ card }), { min: 1, max: limits.carousel }) },
      optional: { block_id: blockId },
    }),
    container: object({
      required: { type: oneOf('container'), child_blocks: list(children, { min: 1, max: limits.container }) },
      optional: {
        block_id: blockId,
        title: plainText({ max: limits.card.title }),
        rich_text_title: richText,
        subtitle: anyText({ max: limits.card.subtitle }),
        width: oneOf('narrow', 'standard', 'wide', 'full'),
        icon: picture,
        is_collapsible: boolean,
        default_collapsed: boolean,
        has_header_divider: boolean,
      },
    }),
    file: object({
      required: { type: oneOf('file'), external_id: string({ min: 1 }), source: oneOf('remote') },
      optional: { block_id: blockId },
    }),
  };
}
