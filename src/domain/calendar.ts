import type { Risk } from './approval.ts';

/** What an entry of the calendar or a hold covers: everything, the clusters with a label, or one cluster. */
export type CalendarScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'environment'; readonly environment: string }
  | { readonly kind: 'cluster'; readonly clusterId: string };

/**
 * What an entry of the calendar is about: `CHANGES` = operations with risk `high` or `destructive`, so that backups go on;
 * `EVERYTHING` = whatever begins by itself.
 */
export const calendarReaches = ['CHANGES', 'EVERYTHING'] as const;
export type CalendarReach = (typeof calendarReaches)[number];

/** How bad the alerts may be that a maintenance window hides. What is CRITICAL takes a silence, to which a second person agrees. */
export const hideableSeverities = ['HIGH', 'MEDIUM', 'LOW'] as const;
export type HideableSeverity = (typeof hideableSeverities)[number];

/** Changes that begin by themselves may begin only in one of the windows that cover their cluster, if there is any. */
export type MaintenanceWindow = {
  readonly id: string;
  readonly name: string;
  readonly scope: CalendarScope;
  readonly appliesTo: CalendarReach;
  /** When it opens: a cron expression in `timeZone`. */
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly durationMinutes: number;
  /** While it is open, alerts of its clusters that are no worse than this are hidden; null = it hides none. */
  readonly hidesAlertsUpTo: HideableSeverity | null;
  readonly reason: string;
  readonly ownerName: string;
};

/** A time in which nothing that the entry is about begins by itself. */
export type Blackout = {
  readonly id: string;
  readonly name: string;
  readonly scope: CalendarScope;
  readonly appliesTo: CalendarReach;
  readonly from: Date;
  readonly until: Date;
  readonly reason: string;
  readonly ownerName: string;
};

/** Nothing begins by itself, whatever it is, until a person releases the hold or its time is over. */
export type AutomationHold = {
  readonly id: string;
  readonly scope: Exclude<CalendarScope, { readonly kind: 'environment' }>;
  readonly reason: string;
  readonly heldByName: string;
  readonly heldAt: Date;
  /** Null = until somebody releases it. */
  readonly until: Date | null;
};

/** A hold as it is kept, with how it ended; one whose time is over ends by itself and is released by nobody. */
export type KeptHold = AutomationHold & {
  readonly released: { readonly byName: string; readonly at: Date } | null;
};

export type Calendar = {
  readonly windows: readonly MaintenanceWindow[];
  readonly blackouts: readonly Blackout[];
  readonly holds: readonly AutomationHold[];
};

/** What wants to begin by itself. */
export type Beginning = {
  readonly at: Date;
  readonly clusterId: string;
  readonly environment: string;
  readonly risk: Risk;
};

/** Why something did not begin by itself, as data. */
export const inactionCodes = [
  'HELD',
  'BLACKOUT',
  'OUTSIDE_WINDOW',
  'STILL_RUNNING',
  'MISSED',
  'NOT_APPROVED',
  'OWNER_NOT_ENTITLED',
  'REFUSED',
] as const;
export type InactionCode = (typeof inactionCodes)[number];

export type Inaction = {
  readonly code: InactionCode;
  /** A whole sentence, with the name, the end and the person: `Blackout "year end" until 2027-01-02 00:00 UTC, by Ana: …`. */
  readonly message: string;
};
