import { GraphQLError } from 'graphql';

/** How deep brackets may nest in a document, and lists and objects in its variables: no normal query comes near this. */
export const maxNesting = 100;

/**
 * Whether brackets of a GraphQL document nest deeper than that. Reads the text once and without recursion, since such a
 * document would exhaust the stack.
 */
export function nestsTooDeep(document: string): boolean {
  let depth = 0;
  for (let at = 0; at < document.length; at += 1) {
    const character = document[at] ?? '';
    // Strings and comments may hold any bracket.
    if (character === '"' || character === '#') at = endOfText(document, at);
    else if ('{[('.includes(character)) depth += 1;
    else if ('}])'.includes(character)) depth -= 1;
    if (depth > maxNesting) return true;
  }
  return false;
}

/**
 * The last position of the string or comment that begins at `at`; if it is not closed, the end of its line or of the
 * text.
 */
function endOfText(document: string, at: number): number {
  if (document.startsWith('"""', at)) {
    for (let end = at + 3; ; end += 1) {
      end = document.indexOf('"""', end);
      if (end < 0) return document.length;
      if (document[end - 1] !== '\\') return end + 2;
    }
  }
  const isString = document[at] === '"';
  for (let end = at + 1; end < document.length; end += 1) {
    if (document[end] === '\n') return end;
    if (isString && document[end] === '\\') end += 1;
    else if (isString && document[end] === '"') return end;
  }
  return document.length;
}

/** Whether lists and objects of a JSON value nest deeper than that. */
export function isNestedTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxNesting) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

/** The error for both. */
export function tooDeep(): GraphQLError {
  return new GraphQLError(`Brackets may nest ${maxNesting} deep at most`, {
    extensions: {
      code: 'BAD_USER_INPUT',
      hint: 'Send values as variables, and no deeper than their type.',
      http: { status: 400 },
    },
  });
}
