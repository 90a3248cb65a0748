import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AnyOperation, defineOperation } from '../../src/operations/define.ts';
import { inputFields } from '../../src/operations/input/read-fields.ts';
import { buildSchemaOf } from '../../src/schema/build.ts';
import { printOperations } from '../../src/schema/print-operations.ts';
import { printReference } from '../../src/schema/print-reference.ts';

/** An operation with any input at all, also one that the types would refuse. */
function operationWith(input: z.ZodObject): AnyOperation {
  return { ...operation(z.object({})), fields: inputFields('DoThings', input) };
}

function operation(input: Parameters<typeof defineOperation>[0]['input'], name = 'doThings'): AnyOperation {
  return defineOperation({
    name,
    title: 'Do things',
    version: 1,
    summary: 'Do "some" things.',
    permission: 'cluster:check',
    risk: 'low',
    target: { kind: 'cluster', from: 'clusterId' },
    input,
    example: {},
    slack: null,
    steps: [],
    observe: async () => null,
    plan: () => ({ summary: 'nothing', steps: [] }),
    postCheck: async () => ({ passed: true, checks: [] }),
  });
}

const text = z.string().meta({ description: 'A text.' });

describe('printing an operation', () => {
  it('makes a mutation, its input, and the types inside it, named after their place', () => {
    const printed = printOperations([
      operation(
        z.object({
          text,
          count: z.int().min(1).max(9).default(3).meta({ description: 'A number.' }),
          flags: z.array(z.boolean()).default([true]).meta({ description: 'Some flags.' }),
          mode: z
            .enum(['FAST', 'SAFE'])
            .default('SAFE')
            .meta({ description: 'How.', values: { FAST: 'Soon.', SAFE: 'Well.' } }),
          places: z
            .array(
              z.object({
                host: text,
                inner: z.object({ deep: text.optional() }).optional().meta({ description: 'Inside.' }),
              }),
            )
            .min(1)
            .meta({ description: 'The places.' }),
          target: z.string().meta({ description: 'By id.', reference: 'cluster' }),
        }),
      ),
    ]);
    const types = printed.slice(printed.indexOf('extend type Mutation'));
    expect(types).toBe(`extend type Mutation {
  "Do \\"some\\" things. It needs the permission CLUSTER_CHECK."
  doThings(
    "What it is about."
    input: DoThingsInput!
    "How it is to be started."
    options: RunOptions
  ): OperationPayload!
}

"What doThings takes."
input DoThingsInput {
  "A text."
  text: String!
  "A number."
  count: Int = 3
  "Some flags."
  flags: [Boolean!] = [true]
  "How."
  mode: DoThingsMode = SAFE
  "The places."
  places: [DoThingsPlaceInput!]!
  "By id."
  target: ID!
}

"The values of DoThingsMode."
enum DoThingsMode {
  "Soon."
  FAST
  "Well."
  SAFE
}

"The places."
input DoThingsPlaceInput {
  "A text."
  host: String!
  "Inside."
  inner: DoThingsPlaceInnerInput
}

"Inside."
input DoThingsPlaceInnerInput {
  "A text."
  deep: String
}
`);
    expect(() => parse(printed)).not.toThrow();
  });

  it('prints the same for the same registry, and no mutation for none', () => {
    expect(printOperations([])).toBe(printOperations([]));
    expect(printOperations([])).not.toContain('Mutation');
    expect(() => buildSchemaOf([operation(z.object({ text }))])).not.toThrow();
  });

  it.each([
    ['a field without a description', z.object({ a: z.string() }), 'DoThings.a has no description'],
    ['a union', z.object({ a: z.union([z.string(), z.int()]).meta({ description: 'A.' }) }), 'is a zod union'],
    ['a nullable', z.object({ a: z.string().nullable().meta({ description: 'A.' }) }), 'is a zod nullable'],
    ['a date', z.object({ a: z.date().meta({ description: 'A.' }) }), 'is a zod date'],
    ['a bigint', z.object({ a: z.bigint().meta({ description: 'A.' }) }), 'is a zod bigint'],
    ['a record', z.object({ a: z.record(z.string(), z.string()).meta({ description: 'A.' }) }), 'is a zod record'],
    ['a transform', z.object({ a: z.string().transform(Number).meta({ description: 'A.' }) }), 'is a zod pipe'],
    ['a fraction', z.object({ a: z.number().min(0).max(1).meta({ description: 'A.' }) }), 'use z.int()'],
    ['an integer of any size', z.object({ a: z.int().meta({ description: 'A.' }) }), 'within 32 bits'],
    ['an enum in lower case', z.object({ a: z.enum(['fast']).meta({ description: 'A.' }) }), 'is not UPPER_SNAKE'],
    [
      'an enum value without a description',
      z.object({ a: z.enum(['FAST']).meta({ description: 'A.' }) }),
      'FAST has no description',
    ],
    [
      'a secret number',
      z.object({ a: z.int().min(0).max(9).meta({ secret: true, description: 'A.' }) }),
      'is secret, which only a text can be',
    ],
    [
      'a list of secrets',
      z.object({ a: z.array(z.string().meta({ secret: true })).meta({ description: 'A.' }) }),
      'a secret has a field of its own',
    ],
    [
      'a reference to what nobody knows',
      z.object({ a: z.string().meta({ reference: 'moon', description: 'A.' }) }),
      'refers to none of cluster, node',
    ],
    [
      'an optional element',
      z.object({ a: z.array(z.string().optional()).meta({ description: 'A.' }) }),
      'optional elements',
    ],
    [
      'something deep inside',
      z.object({ a: z.array(z.object({ b: z.date().meta({ description: 'B.' }) })).meta({ description: 'A.' }) }),
      'DoThingsA.b is a zod date',
    ],
  ])('refuses %s, and says where', (_what, input, message) => {
    expect(() => printOperations([operationWith(input)])).toThrow(message);
  });

  it('refuses two types of one name', () => {
    const inner = z.object({ b: text });
    const twice = operation(
      z.object({ place: inner.meta({ description: 'One.' }), places: z.array(inner).meta({ description: 'Many.' }) }),
    );
    expect(() => printOperations([twice])).toThrow('Two input types would be called DoThingsPlaceInput');
  });
});

it('the reference page says what is secret, what is optional, and what a field defaults to', () => {
  const page = printReference([
    operation(
      z.object({
        key: z.string().meta({ secret: true, description: 'A | key.' }),
        port: z.int().min(1).max(2).default(2).meta({ description: 'A port.' }),
      }),
    ),
  ]);
  expect(page).toContain('| `key` | `String!` |  | A \\| key. *Secret.* |');
  expect(page).toContain('| `port` | `Int` | `2` | A port. |');
  expect(page).toContain('- Slack: not possible, because it takes secrets');
});
