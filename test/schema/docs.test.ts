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

/** What the program itself is made of: a name in a page that is nowhere there is a name of something that was. */
const source = globSync(['src/**/*.{ts,graphql}', 'docs/reference/*.md'], { cwd: root })
  .map((name) => readFileSync(`${root}${name}`, 'utf8'))
  .join('\n');
const pages = globSync(
  ['docs/adopt.md', 'docs/topology/*.md', 'docs/monitoring/{alerts,escalation,health,pictures,prometheus}.md'],
  { cwd: root },
);
/** Fields, codes, names of settings and of rules; units and check names may be put together at run time. */
const names = /^([a-z]+[A-Z]\w*|[A-Z]+(_[A-Z]+)+|[a-z]+(_[a-z]+)+)$/;

it.each(pages)('%s: every field, code and setting that it names is one that there is', (page) => {
  const text = readFileSync(`${root}${page}`, 'utf8');
  const words = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, quoted = '']) => quoted.match(/[A-Za-z_]\w{2,}/g) ?? []);
  const unknown = words.filter((word) => names.test(word) && !source.includes(word));
  expect(unknown).toEqual([]);
});
