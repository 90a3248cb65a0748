/** One mistake in an input, as a sentence that begins with the field. Values are never repeated: they may be secret. */
export type Mistake = {
  readonly path: readonly string[];
  readonly message: string;
  /** The message without the field. */
  readonly text: string;
};

/** The parts of zod's issues that are used here. A kind of issue that is not in this list does not compile. */
type Issue = { readonly path: readonly PropertyKey[]; readonly message: string } & (
  | { readonly code: 'invalid_type'; readonly expected: string }
  | {
      readonly code: 'too_small';
      readonly origin: string;
      readonly minimum: number | bigint;
      readonly inclusive?: boolean;
    }
  | {
      readonly code: 'too_big';
      readonly origin: string;
      readonly maximum: number | bigint;
      readonly inclusive?: boolean;
    }
  | { readonly code: 'invalid_format'; readonly format: string }
  | { readonly code: 'not_multiple_of'; readonly divisor: number }
  | { readonly code: 'unrecognized_keys'; readonly keys: readonly string[] }
  | { readonly code: 'invalid_value'; readonly values: readonly unknown[] }
  | { readonly code: 'invalid_union' | 'invalid_key' | 'invalid_element' | 'custom' }
);

/**
 * What is wrong with an input, as people say it: one mistake for each field, the first that was found. `given` is what
 * was parsed; `whole` is the name to use where a mistake belongs to no field.
 */
export function mistakesOf(
  error: { readonly issues: readonly Issue[] },
  given: unknown,
  whole = 'The input',
): readonly Mistake[] {
  const first = new Map<string, Mistake>();
  for (const issue of error.issues) {
    const path = issue.path.map(String);
    const where = path.length === 0 ? whole : path.join('.');
    const said = sentenceOf(issue, valueAt(given, issue.path));
    const key = path.join('\0');
    if (!first.has(key))
      first.set(key, { path, text: said.text, message: `${where}${said.isOwn ? ':' : ''} ${said.text}` });
  }
  return [...first.values()];
}

type Said = { readonly text: string; readonly isOwn: boolean };

/**
 * The one table of sentences, by the kind of mistake and the kind of field. A rule's own message counts before the
 * table's.
 */
function sentenceOf(issue: Issue, value: unknown): Said {
  const plain = (text: string): Said => ({ text, isOwn: false });
  if (value === '') return plain('is empty');
  if (isOurs(issue.message)) return { text: issue.message, isOwn: true };
  if (value === undefined) return plain('is missing');
  if (value === null) return plain('must not be null');
  switch (issue.code) {
    case 'invalid_type':
      return plain(`must be ${kinds[issue.expected] ?? 'something else'}`);
    case 'too_small':
      return plain(limit(issue.origin, { at: issue.minimum, side: 'least', isIn: issue.inclusive !== false }));
    case 'too_big':
      return plain(limit(issue.origin, { at: issue.maximum, side: 'most', isIn: issue.inclusive !== false }));
    case 'invalid_format':
      return plain(issue.format === 'url' ? 'must be a URL' : 'does not have the form that it should have');
    case 'not_multiple_of':
      return plain(`must be a multiple of ${issue.divisor}`);
    case 'unrecognized_keys':
      return plain(`has ${issue.keys.length === 1 ? 'a field' : 'fields'} that nobody knows: ${issue.keys.join(', ')}`);
    case 'invalid_value':
      return plain(`must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`);
    case 'invalid_union':
      return plain('has none of the forms that it may have');
    case 'invalid_key':
      return plain('has a name in it that is not allowed');
    case 'invalid_element':
      return plain('holds something that is not allowed in it');
    case 'custom':
      return plain('is not allowed');
    default:
      return issue satisfies never;
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  bigint: 'a whole number',
  date: 'a date',
  array: 'a list',
  tuple: 'a list',
  object: 'an object with fields',
  record: 'an object with fields',
  map: 'an object with fields',
  set: 'a list',
  nan: 'not a number',
  null: 'null',
  undefined: 'left out',
};

type Limit = { at: number | bigint; side: 'least' | 'most'; isIn: boolean };

function limit(origin: string, { at, side, isIn }: Limit): string {
  const many = (one: string, more: string) => `must have at ${side} ${at} ${Number(at) === 1 ? one : more}`;
  switch (origin) {
    case 'string':
      return many('character', 'characters');
    case 'array':
    case 'set':
    case 'map':
      return many('entry', 'entries');
    case 'file':
      return many('byte', 'bytes');
    case 'date':
      return `must be ${side === 'least' ? 'later' : 'earlier'}`;
    default:
      return isIn ? `must be at ${side} ${at}` : `must be ${side === 'least' ? 'more' : 'less'} than ${at}`;
  }
}

/** True for a message of our own rules: zod's own texts begin with these words. */
function isOurs(message: string): boolean {
  return !/^(Invalid|Too (small|big)|Unrecognized|Expected)\b/.test(message);
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    given,
  );
}
