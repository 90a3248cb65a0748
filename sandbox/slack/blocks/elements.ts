import { limits } from '../limits.ts';
import { inputElements } from './inputs.ts';
import { choiceOption, initialIsAnOption, overflowOption, uniqueValues } from './options.ts';
import { boolean, byType, ensure, list, object, oneOf, pattern, type Rule, string } from './rules.ts';
import { selects } from './selects.ts';
import { actionId, confirmDialog, plainText, webAddress } from './text.ts';

const confirmable = { action_id: actionId, confirm: confirmDialog };

const button = object({
  required: { type: oneOf('button'), text: plainText({ max: limits.button.text }) },
  optional: {
    ...confirmable,
    value: string({ max: limits.button.value }),
    url: webAddress,
    style: oneOf('primary', 'danger'),
    accessibility_label: string({ max: limits.button.accessibilityLabel }),
  },
});

const overflow = object({
  required: { type: oneOf('overflow'), options: list(overflowOption, { min: 1, max: limits.overflow }) },
  optional: confirmable,
  also: [uniqueValues],
});

function choices(type: string, max: number): Rule {
  return object({
    required: { type: oneOf(type), options: list(choiceOption, { min: 1, max }) },
    optional: {
      ...confirmable,
      focus_on_load: boolean,
      ...(type === 'checkboxes'
        ? { initial_options: list(choiceOption, { min: 1, max }) }
        : { initial_option: choiceOption }),
    },
    also: [uniqueValues, initialIsAnOption],
  });
}

/** A picture comes from the web or from an uploaded file, never both. */
export const pictureSource = {
  image_url: webAddress,
  slack_file: object({
    optional: { id: pattern(/^F[A-Z0-9]{8,}$/, 'input must match regex pattern: ^[F][A-Z0-9]{8,}$'), url: webAddress },
    also: [ensure((file) => (file.id === undefined) !== (file.url === undefined), 'must provide either id or url')],
  }),
};
export const oneSource = ensure(
  (image) => (image.image_url === undefined) !== (image.slack_file === undefined),
  'must provide either image_url or slack_file',
);

export const imageElement = object({
  required: { type: oneOf('image'), alt_text: string({ min: 1, max: limits.image.altText }) },
  optional: pictureSource,
  also: [oneSource],
});

const feedbackButton = object({
  required: { text: plainText({ max: limits.button.text }), value: string({ max: limits.button.value }) },
  optional: { accessibility_label: string({ max: limits.button.accessibilityLabel }) },
});

const clickable = {
  button,
  overflow,
  checkboxes: choices('checkboxes', limits.checkboxes),
  radio_buttons: choices('radio_buttons', limits.radioButtons),
  datepicker: inputElements.datepicker,
  timepicker: inputElements.timepicker,
  ...selects,
};

/** Which element may stand where: Slack refuses the others with `unsupported type`. */
export const inSection: Rule = byType({ ...clickable, image: imageElement });
export const inActions: Rule = byType({ ...clickable, datetimepicker: inputElements.datetimepicker });
export const inCard: Rule = byType({ button });
export const inInput: Rule = byType({
  ...inputElements,
  ...selects,
  checkboxes: clickable.checkboxes,
  radio_buttons: clickable.radio_buttons,
});
export const inContextActions: Rule = byType({
  feedback_buttons: object({
    required: {
      type: oneOf('feedback_buttons'),
      positive_button: feedbackButton,
      negative_button: feedbackButton,
    },
    optional: { action_id: actionId },
  }),
  icon_button: object({
    required: { type: oneOf('icon_button'), icon: string({ min: 1 }), text: plainText({ max: limits.button.text }) },
    optional: {
      ...confirmable,
      value: string({ max: limits.button.value }),
      accessibility_label: string({ max: limits.button.accessibilityLabel }),
      visible_to_user_ids: list(string({ min: 1 })),
    },
  }),
});
