import { objectsOf } from '../json.ts';
import { limits } from '../limits.ts';
import { imageElement, inActions, inContextActions, inInput, inSection, oneSource, pictureSource } from './elements.ts';
import { richText } from './rich-text.ts';
import {
  boolean,
  byType,
  ensure,
  fine,
  list,
  type ObjectRule,
  object,
  oneOf,
  problem,
  type Rule,
  string,
} from './rules.ts';
import { showpieces } from './showpieces.ts';
import { table } from './table.ts';
import { anyText, blockId, markdownText, plainText, webAddress } from './text.ts';
import { uniqueIds } from './unique-ids.ts';

function block(
  type: string,
  required: Readonly<Record<string, Rule>>,
  rest: { readonly optional?: Readonly<Record<string, Rule>>; readonly also?: readonly ObjectRule[] } = {},
): Rule {
  return object({
    required: { type: oneOf(type), ...required },
    optional: { block_id: blockId, ...rest.optional },
    also: rest.also ?? [],
  });
}

const section = block(
  'section',
  {},
  {
    optional: {
      text: anyText({ max: limits.section.text }),
      fields: list(anyText({ max: limits.section.field }), { min: 1, max: limits.section.fields }),
      accessory: inSection,
      expand: boolean,
    },
    also: [
      ensure((value) => value.text !== undefined || value.fields !== undefined, 'must provide either text or fields'),
    ],
  },
);

const contextElements = byType({
  image: imageElement,
  plain_text: plainText({ max: limits.section.field }),
  mrkdwn: markdownText({ max: limits.section.field }),
});

const input = block(
  'input',
  { label: plainText({ max: limits.input.label }), element: inInput },
  { optional: { hint: plainText({ max: limits.input.hint }), optional: boolean, dispatch_action: boolean } },
);

/** Refuses a block on the wrong surface with the words of an unknown type. */
function only(rule: Rule, allowed: (where: Parameters<Rule>[1]) => boolean, type: string): Rule {
  return (value, where) => (allowed(where) ? rule(value, where) : problem(where, `unsupported type: ${type}`));
}

const alert = block(
  'alert',
  { text: anyText({ max: limits.section.text }) },
  { optional: { level: oneOf('default', 'info', 'warning', 'error', 'success') } },
);

const simple = {
  section,
  header: block('header', { text: plainText({ max: limits.header }) }),
  divider: block('divider', {}),
  image: block(
    'image',
    { alt_text: string({ min: 1, max: limits.image.altText }) },
    { optional: { ...pictureSource, title: plainText({ max: limits.image.title }) }, also: [oneSource] },
  ),
  context: block('context', { elements: list(contextElements, { min: 1, max: limits.context }) }),
  actions: block('actions', { elements: list(inActions, { min: 1, max: limits.actions }) }),
  input: only(input, (where) => where.surface !== 'message' || where.settings.allowInputsInMessages, 'input'),
  rich_text: richText,
  table,
};

const anyBlock = byType({
  ...simple,
  ...showpieces(byType(simple)),
  context_actions: block('context_actions', {
    elements: list(inContextActions, { min: 1, max: limits.contextActions }),
  }),
  markdown: only(
    block('markdown', { text: string({ min: 1, max: limits.message.markdown }) }),
    (where) => where.surface === 'message',
    'markdown',
  ),
  video: block(
    'video',
    {
      alt_text: string({ min: 1, max: limits.image.altText }),
      title: plainText({ max: limits.image.title }),
      video_url: webAddress,
      thumbnail_url: webAddress,
    },
    {
      optional: {
        title_url: webAddress,
        author_name: string({ max: 50 }),
        provider_name: string(),
        provider_icon_url: webAddress,
        description: plainText({ max: 200 }),
      },
    },
  ),
  alert: only(alert, (where) => where.surface === 'modal', 'alert'),
});

/** Every block of a message, an attachment or a view; ids must differ among all of them. */
export function blockList(max: number): Rule {
  return (value, where) => {
    const found = list(anyBlock, { max })(value, where);
    return found.length > 0 || !Array.isArray(value) ? found : [...uniqueIds(value, where), ...oneTable(value, where)];
  };
}

const oneTable: Rule = (value, where) =>
  objectsOf(value).filter((each) => each.type === 'table').length > 1 ? problem(where, 'only one table allowed') : fine;
