import { buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { expect, it } from 'vitest';
import { limitAliases, limitDepth } from '../../src/api/limits/depth-and-aliases.ts';

const schema = buildSchema('type Query { a: Query b: Int }');
const refusals = (text: string) =>
  validate(schema, parse(text), [limitDepth, limitAliases]).map(({ message }) => message);

const nested = (depth: number, leaf: string) => `{ ${'a { '.repeat(depth)}${leaf}${' }'.repeat(depth)} }`;
const ofTypes = `${'ofType { '.repeat(9)}name${' }'.repeat(9)}`;
const aliases = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: b`).join(' ');
const chain = Array.from({ length: 12 }, (_, index) => `fragment F${index} on Query { a { ...F${index + 1} } }`);

it.each([
  ['12 fields', nested(11, 'b')],
  ['12 fields, and the name of the type of the last', nested(12, '__typename')],
  ['the type of the type of the type', `{ __type(name: "A") { fields { args { type { ${ofTypes} } } } } }`],
  ['the whole schema', getIntrospectionQuery()],
  ['30 aliases', `{ ${aliases(30)} }`],
  ['a fragment with aliases in four places', `fragment F on Query { ${aliases(8)} } ${nested(4, '...F')}`],
  ['inline fragments, which are no fields', nested(11, `${'... on Query { '.repeat(20)}b${' }'.repeat(20)}`)],
])('lets pass: %s', (_what, text) => {
  expect(refusals(text)).toEqual([]);
});

it.each([
  ['13 fields', nested(12, 'b'), 'The query nests 13 fields; 12 is the most'],
  ['13 fields in fragments', `${chain.join(' ')} fragment F12 on Query { b } { ...F0 }`, 'The query nests 13 fields'],
  ['a fragment in itself behind 13 fields', `fragment A on Query { a { ...A } } ${nested(12, 'b ...A')}`, 'nests 13'],
  ['31 aliases', `{ ${aliases(31)} }`, 'The query has 31 aliases; 30 is the most'],
  ['aliases of names of types', `{ ${aliases(30)} t: __typename }`, 'has 31 aliases'],
  ['two operations of 20 aliases', `query A { ${aliases(20)} } query B { ${aliases(20)} }`, 'has 40 aliases'],
])('refuses: %s', (_what, text, reason) => {
  expect(refusals(text)).toEqual([expect.stringContaining(reason)]);
});
