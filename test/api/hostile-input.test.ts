import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { operations } from '../../src/operations/index.ts';
import { buildSchemaOf } from '../../src/schema/build.ts';
import { type Api, as, startApi } from '../helpers/api.ts';

/*
 * Every text that can be given to any root field, inside inputs too, is given hostile strings over HTTP. Whatever comes
 * of it, it is an answer that somebody foresaw.
 */

const hostile = [
  '',
  ' ',
  `'; DROP TABLE run; -- `,
  '`"\\\'',
  'a\nb\r\nc',
  'a\0b',
  '$(reboot)',
  '%_\\%',
  '<!channel> <@U1> &amp;',
  '👩‍👩‍👧‍👦 \u202E \uFEFF',
  '\uD800',
  '__proto__',
  'x'.repeat(200_000),
];

/** One of each sort, for an argument of the same name and type as one that was given them all. */
const someHostile = ['', `'; DROP TABLE run; -- `, 'a\0b', '\uD800'];
const tried = new Set<string>();

function textsFor(path: readonly string[], field: GraphQLField<unknown, unknown>): readonly string[] {
  const argument = field.args.find(({ name }) => name === path[0]);
  // An input type belongs to one operation; what it is made of is alike where names and descriptions are.
  const key = path[0] === 'input' ? `input.${path.slice(1).join('.')}` : `${path.join('.')}: ${argument?.type}`;
  if (tried.has(key)) return someHostile;
  tried.add(key);
  return hostile;
}

const schema = buildSchemaOf(operations);
const roots = [schema.getQueryType(), schema.getMutationType()].flatMap((type) => {
  const kind = type === schema.getQueryType() ? 'query' : 'mutation';
  return Object.values(type?.getFields() ?? {}).map((field) => ({ kind, field }));
});

let api: Api;
let admin: string;
let clusterId: string;
/** Ids of things that are there, by the name of the argument that takes them. */
let known: Record<string, string>;
beforeAll(async () => {
  api = await startApi();
  admin = await api.login('root', as.admin);
  clusterId = await api.engine.addCluster('target');
  const asked = await api.ask(
    admin,
    `mutation { unregisterCluster(input: { clusterId: "${clusterId}" }) { run { id requestedBy { id } } } }`,
  );
  const { run } = z
    .object({ run: z.object({ id: z.string(), requestedBy: z.object({ id: z.string() }) }) })
    .parse(asked.data?.unregisterCluster);
  known = { clusterId, id: run.id, runId: run.id, personId: run.requestedBy.id };
});
afterAll(() => api?.close());

it.each(roots.map(({ kind, field }) => [`${kind} ${field.name}`, kind, field] as const))(
  '%s: no text makes the server fail',
  async (_name, kind, field) => {
    for (const path of field.args.flatMap((argument) => textPaths(argument.type, [argument.name]))) {
      const texts = textsFor(path, field);
      const answers = await Promise.all(
        texts.map((text) => api.ask(admin, documentOf(kind, field), withValue(validArguments(field), path, text))),
      );
      for (const [index, answer] of answers.entries()) {
        const where = `${path.join('.')} = ${JSON.stringify(texts[index]?.slice(0, 40))}: ${answer.text.slice(0, 300)}`;
        expect(answer.status, where).toBeLessThan(500);
        expect(answer.text, where).not.toContain('INTERNAL_SERVER_ERROR');
      }
    }
  },
);

function documentOf(kind: string, field: GraphQLField<unknown, unknown>): string {
  const variables = field.args.map((argument) => `$${argument.name}: ${argument.type}`).join(', ');
  const args = field.args.map((argument) => `${argument.name}: $${argument.name}`).join(', ');
  const named = getNamedType(field.type);
  const mistakes =
    'getFields' in named && 'userErrors' in named.getFields() ? 'userErrors { code message path hint }' : '';
  const call = field.args.length === 0 ? field.name : `${field.name}(${args})`;
  return `${kind} ${field.args.length === 0 ? '' : `(${variables})`} { ${call} ${isLeafType(named) ? '' : `{ __typename ${mistakes} }`} }`;
}

/** Paths of everything that is a text, list elements by index 0. */
function textPaths(type: GraphQLInputType, path: readonly string[]): string[][] {
  if (isNonNullType(type)) return textPaths(type.ofType, path);
  if (isListType(type)) return textPaths(type.ofType, [...path, '0']);
  if (isInputObjectType(type))
    return Object.values(type.getFields()).flatMap((field) => textPaths(field.type, [...path, field.name]));
  return !isEnumType(type) && (type.name === 'String' || type.name === 'ID') ? [[...path]] : [];
}

/** An input that would be good: the example of an operation, with nothing in it that takes a minute to not answer. */
function validArguments(field: GraphQLField<unknown, unknown>): Record<string, unknown> {
  const operation = operations.find(({ name }) => name === field.name);
  if (operation === undefined)
    return Object.fromEntries(
      field.args.filter(isRequired).map((argument) => [argument.name, validValue(argument.type, argument.name)]),
    );
  const input = JSON.stringify(operation.example)
    .replaceAll(/"10\.\d+\.\d+\.\d+"/g, '"127.0.0.1"')
    .replaceAll(/"port":\d+/g, '"port":1')
    .replaceAll('clu_01J00000000000000000000000', clusterId);
  return { input: z.record(z.string(), z.json()).parse(JSON.parse(input)) };
}

function isRequired(argument: GraphQLArgument): boolean {
  return isNonNullType(argument.type);
}

function validValue(type: GraphQLInputType, name: string): unknown {
  if (isNonNullType(type)) return validValue(type.ofType, name);
  if (isListType(type)) return [validValue(type.ofType, name)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (!isInputObjectType(type)) return type.name === 'Int' ? 1 : type.name === 'Boolean' ? true : (known[name] ?? 'x');
  const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
  return Object.fromEntries(required.map((field) => [field.name, validValue(field.type, field.name)]));
}

function withValue(target: unknown, [key, ...rest]: readonly string[], value: string): Record<string, unknown> {
  const members = z.record(z.string(), z.unknown()).parse(target ?? {});
  if (key === undefined) return members;
  return { ...members, [key]: rest.length === 0 ? value : inside(members[key], rest, value) };
}

function inside(target: unknown, path: readonly string[], value: string): unknown {
  if (path[0] !== '0') return withValue(target, path, value);
  const [first] = Array.isArray(target) ? target : [{}];
  const rest = path.slice(1);
  return [rest.length === 0 ? value : withValue(first, rest, value)];
}
