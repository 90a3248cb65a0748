import { isObject, type Json, parseJson } from '../json.ts';
import { SlackError } from '../slack-error.ts';

export type ParsedBody = {
  readonly fields: Readonly<Record<string, Json>>;
  readonly warnings: readonly string[];
  /** JSON bodies carry values, forms carry text. */
  readonly isForm: boolean;
};

/** Reads a Web API request's arguments; throws what Slack answers to a body that it cannot read. */
export async function parseBody(contentType: string, body: Buffer): Promise<ParsedBody> {
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  const hasCharset = parameters.some((parameter) => parameter.startsWith('charset='));
  if (type === '' && body.length === 0) return { fields: {}, warnings: [], isForm: true };
  if (type === '') throw new SlackError('missing_post_type');
  if (type === 'application/json') {
    const parsed = parseJson(body.toString('utf8'));
    if (!isObject(parsed)) throw new SlackError('json_not_object');
    return { fields: onlyDefined(parsed), warnings: hasCharset ? [] : ['missing_charset'], isForm: false };
  }
  if (type === 'application/x-www-form-urlencoded') {
    const fields = formFields(new URLSearchParams(body.toString('utf8')));
    return { fields, warnings: hasCharset ? ['superfluous_charset'] : [], isForm: true };
  }
  if (type === 'multipart/form-data') return { fields: await multipart(contentType, body), warnings: [], isForm: true };
  throw new SlackError('invalid_post_type');
}

export function formFields(parameters: URLSearchParams): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of parameters) fields[name] = value;
  return fields;
}

async function multipart(contentType: string, body: Buffer): Promise<Record<string, string>> {
  const fields: Record<string, string> = {};
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
    for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
  } catch (cause) {
    throw new SlackError('invalid_form_data', [String(cause)]);
  }
  return fields;
}

function onlyDefined(value: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
