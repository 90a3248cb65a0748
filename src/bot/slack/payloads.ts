import { z } from 'zod';

/*
 * What Slack sends, as far as we read it. Anything else in a request is ignored, and a request of another shape is
 * answered with "I could not read that": a proxy or a forger may send anything.
 */

const id = z.string().min(1).max(64);
const trigger = z.string().min(1).max(256);

export const commandPayload = z.object({
  command: z.string().max(64),
  text: z.string().max(20_000).default(''),
  team_id: id,
  user_id: id,
  channel_id: id,
  trigger_id: trigger,
});

const person = z.object({ id, team_id: id.optional() });

export const clickPayload = z.object({
  type: z.literal('block_actions'),
  team: z.object({ id }).nullish(),
  user: person,
  channel: z.object({ id }).optional(),
  trigger_id: trigger,
  actions: z
    .array(
      z.object({
        action_id: z.string().max(255),
        value: z.string().max(2_000).optional(),
        /** What was chosen in a menu on a message. */
        selected_option: z.object({ value: z.string().max(2_000) }).nullish(),
      }),
    )
    .min(1),
});

export const submissionPayload = z.object({
  type: z.literal('view_submission'),
  team: z.object({ id }).nullish(),
  user: person,
  trigger_id: trigger.optional(),
  view: z.object({
    id,
    hash: z.string().max(255),
    callback_id: z.string().max(255),
    private_metadata: z.string().max(3_000).default(''),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(z.string(), z.looseObject({ value: z.string().nullish(), selected_user: z.string().nullish() })),
      ),
    }),
  }),
});

/** A menu asks for its options while somebody types; `view` = the form that it stands in, with what is filled in so far. */
export const suggestionPayload = z.object({
  type: z.literal('block_suggestion'),
  team: z.object({ id }).nullish(),
  user: person,
  block_id: z.string().max(255).default(''),
  value: z.string().max(500).default(''),
  view: z
    .object({
      callback_id: z.string().max(255),
      private_metadata: z.string().max(3_000).default(''),
      state: z.object({ values: z.unknown() }).optional(),
    })
    .optional(),
});
/** Any other request for options: an empty list shows "no matches" instead of an error. */
export const otherSuggestionPayload = z.object({ type: z.literal('block_suggestion') });
/** Events need no answer. */
export const eventPayload = z.object({ type: z.literal('event_callback') });
