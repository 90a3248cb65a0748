import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSchema, parse, validate } from 'graphql';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const schema = buildSchema(readFileSync(`${root}src/schema/generated/schema.graphql`, 'utf8'));

/** The requests in the pages for people, each with its page; a block may hold several, with an empty line between them. */
const requests = globSync(['README.md', 'docs/**/*.md'], { cwd: root }).flatMap((page) =>
  [...readFileSync(`${root}${page}`, 'utf8').matchAll(/```graphql\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.split(/\n\n(?=mutation|query|subscription|\{|#)/).map((text) => [page, text] as const),
  ),
);

it('finds requests in the pages', () => {
  expect(requests.length).toBeGreaterThan(10);
});

it.each(requests)('%s: a request is one that the API takes', (_page, text) => {
  expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
});
