import type { Json } from './json.ts';

/** What a Web API method answers instead of a result: `{"ok":false,"error":code}` and, if given, the details. */
export class SlackError extends Error {
  override readonly name = 'SlackError';
  readonly code: string;
  /** Lines as Slack prints them, without the `[ERROR]` mark: `must be a string [json-pointer:/blocks/0]`. */
  readonly details: readonly string[];
  readonly extra: Readonly<Record<string, Json>>;

  constructor(code: string, details: readonly string[] = [], extra: Readonly<Record<string, Json>> = {}) {
    super(details.length === 0 ? code : `${code}: ${details.join('; ')}`);
    this.code = code;
    this.details = details;
    this.extra = extra;
  }
}
