import { limits } from '../limits.ts';
import { all, boolean, byType, object, oneOf, pattern, type Rule, string } from './rules.ts';

type Length = { readonly min?: number; readonly max: number };

export function plainText({ min = 1, max }: Length): Rule {
  return byType({
    plain_text: object({
      required: { type: oneOf('plain_text'), text: string({ min, max }) },
      optional: { emoji: boolean },
    }),
  });
}

export function markdownText({ min = 1, max }: Length): Rule {
  return byType({
    mrkdwn: object({
      required: { type: oneOf('mrkdwn'), text: string({ min, max }) },
      optional: { verbatim: boolean },
    }),
  });
}

export function anyText(length: Length): Rule {
  return (value, where) => {
    const rules = { plain_text: plainText(length), mrkdwn: markdownText(length) };
    return byType(rules)(value, where);
  };
}

export const webAddress: Rule = all(
  string({ min: 1, max: limits.image.url }),
  pattern(/^https?:\/\/[^\s]+$/, 'must be a valid URL'),
);

export const actionId = string({ min: 1, max: limits.id });
export const blockId = string({ min: 1, max: limits.id });

/** The question before a risky click. */
export const confirmDialog: Rule = object({
  required: { text: anyText({ max: limits.confirm.text }) },
  optional: {
    title: plainText({ max: limits.confirm.title }),
    confirm: plainText({ max: limits.confirm.button }),
    deny: plainText({ max: limits.confirm.button }),
    style: oneOf('primary', 'danger'),
  },
});
