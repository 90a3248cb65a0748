import type { Json, JsonObject } from '../json.ts';

export type RequestKind = 'slash_commands' | 'interactive' | 'events_api';

/** Something that happened in Slack and that the app must acknowledge within three seconds. */
export type AppRequest = {
  readonly kind: RequestKind;
  readonly payload: JsonObject;
  readonly retry?: { readonly attempt: number; readonly reason: string };
};

/** How the app took it. */
export type Delivery =
  | { readonly outcome: 'acked'; readonly body: Json; readonly noRetry: boolean }
  | { readonly outcome: 'operation_timeout' }
  | { readonly outcome: 'http_error'; readonly status: number; readonly noRetry: boolean }
  /** Nobody listens: no socket, or the request URL refuses the connection. */
  | { readonly outcome: 'dispatch_failed'; readonly reason: string };

export type Transport = { send(request: AppRequest): Promise<Delivery> };
