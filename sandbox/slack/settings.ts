/** What Slack does not publish, or what a test may want otherwise. */
export type Settings = {
  /** Refuse what Slack lets pass with a warning: no `text` beside blocks, text over 4,000, unknown arguments. */
  readonly strict: boolean;
  /** Rate limits of the published tiers; `off` for load that is not about them. */
  readonly rates: 'on' | 'off';
  /** Multiplies every tier: 0.1 makes ten times fewer calls pass. */
  readonly rateScale: number;
  /** Messages a channel takes at once before one per second holds. */
  readonly channelBurst: number;
  /** A call made before its Retry-After ended starts the pause anew. */
  readonly prolongPause: boolean;
  /** Upper bound for the sum of all block text; seen between 9,597 and 11,341 in public threads. */
  readonly blockTextSum: number;
  /** Slack refuses an option's value above 75 by its types and above 150 by its Python kit. */
  readonly optionValue: number;
  readonly allowInputsInMessages: boolean;
  /** Minutes after which an edit is refused with `edit_window_closed`; null = never. */
  readonly editWindowMinutes: number | null;
  /** Free workspaces refuse `usergroups.*` with `plan_upgrade_required`. */
  readonly paidPlan: boolean;
  readonly homeTab: boolean;
  /** Uploaded files are never shared, and nothing says so. */
  readonly dropShares: boolean;
  /** Milliseconds until a completed upload shows in its channel. */
  readonly shareDelayMs: number;
  /** Milliseconds until an uploaded file was looked at: until then it has no type, and a block cannot show it. */
  readonly processMs: number;
};

export const defaultSettings: Settings = {
  strict: true,
  rates: 'on',
  rateScale: 1,
  channelBurst: 3,
  prolongPause: false,
  blockTextSum: 10_000,
  optionValue: 75,
  allowInputsInMessages: false,
  editWindowMinutes: null,
  paidPlan: true,
  homeTab: true,
  dropShares: false,
  shareDelayMs: 20,
  processMs: 20,
};
