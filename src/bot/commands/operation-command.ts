import { z } from 'zod';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { AnyOperation, SlackCommand } from '../../operations/define.ts';
import { isSecretField } from '../../operations/input/secret-fields.ts';
import { type CommandSpec, type Flag, kebab, type ParsedCommand, type Positional } from './grammar.ts';

/** Flags that every operation takes. */
export const operationFlags = [
  { name: 'dry-run', takesValue: false, isList: false },
  { name: 'reason', takesValue: true, isList: false },
  { name: 'confirm', takesValue: true, isList: false },
  { name: 'plan', takesValue: true, isList: false },
] as const satisfies readonly Flag[];

/** A word that stands for a row: a cluster's name or a node's label; looked up before the operation is asked for. */
export type Reference = {
  readonly field: string;
  readonly kind: 'cluster' | 'node';
  readonly words: readonly string[];
  readonly isList: boolean;
};

export type OperationCommand = {
  readonly operation: AnyOperation;
  readonly slack: SlackCommand;
  readonly spec: CommandSpec;
  /** The raw input without its references, and the references. Values are not checked here: the operation's own schema does. */
  readonly read: (command: ParsedCommand) => { input: JsonObject; references: readonly Reference[] };
};

type Field = {
  readonly name: string;
  /** Without `optional` and `default`. */
  readonly type: z.ZodType;
  readonly isOptional: boolean;
  /** A boolean that is true when left out is typed `--no-…`. */
  readonly isOnByDefault: boolean;
  readonly reference: 'cluster' | 'node' | null;
};

/**
 * The Slack command of an operation, made from its definition alone; null when it has none. Throws when the definition
 * cannot be typed as a command, which a test over the registry finds.
 */
export function operationCommand(operation: AnyOperation): OperationCommand | null {
  const { slack } = operation;
  if (slack === null) return null;
  const fields = Object.entries(operation.input.shape)
    .filter(([, type]) => !isSecretField(type)) // a secret must not be typed into a chat
    .map(([name, type]) => toField(name, type));
  const positional = slack.positional.map((name) => {
    const field = fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`${operation.name}: there is no field ${name} to give by position`);
    return { field, place: toPositional(field) };
  });
  const others = fields.filter((field) => !slack.positional.includes(field.name) && canBeTyped(field.type));
  const flags = others.map((field) => ({ field, flag: toFlag(field) }));
  const reserved = flags.find(({ flag }) => operationFlags.some((each) => each.name === flag.name));
  if (reserved !== undefined)
    throw new Error(`${operation.name}: --${reserved.flag.name} has a meaning for every operation already`);
  return {
    operation,
    slack,
    spec: {
      verb: slack.verb,
      positional: positional.map(({ place }) => place),
      flags: [...flags.map(({ flag }) => flag), ...operationFlags],
    },
    read: (command) => {
      const given = [
        ...positional.map(({ field }) => ({ field, words: command.words.get(field.name) })),
        ...flags.map(({ field, flag }) => ({ field, words: command.flags.get(flag.name) })),
      ].flatMap(({ field, words }) => (words === undefined ? [] : [{ field, words }]));
      const plain = given.filter(({ field }) => field.reference === null);
      return {
        input: Object.fromEntries(
          plain.map(({ field, words }) => [field.name, field.isOnByDefault ? false : toValue(field.type, words)]),
        ),
        references: given.flatMap(({ field, words }) =>
          field.reference === null
            ? []
            : [{ field: field.name, kind: field.reference, words, isList: field.type instanceof z.ZodArray }],
        ),
      };
    },
  };
}

function toField(name: string, type: z.ZodType): Field {
  const inner = unwrap(type);
  const element = inner instanceof z.ZodArray ? asType(inner.element) : inner;
  const reference = z
    .enum(['cluster', 'node'])
    .safeParse(type.meta()?.reference ?? inner.meta()?.reference ?? element?.meta()?.reference);
  const isOnByDefault = inner instanceof z.ZodBoolean && type.safeParse(undefined).data === true;
  return { name, type: inner, isOptional: inner !== type, isOnByDefault, reference: reference.data ?? null };
}

function toPositional(field: Field): Positional {
  const isList = field.type instanceof z.ZodArray;
  const kind = isList ? 'list' : field.reference === 'node' ? 'node' : 'word';
  return { name: field.name, kind, isOptional: field.isOptional };
}

function toFlag(field: Field): Flag {
  const name = field.isOnByDefault ? `no-${kebab(field.name)}` : kebab(field.name);
  return {
    name,
    takesValue: !(field.type instanceof z.ZodBoolean),
    isList: field.type instanceof z.ZodArray,
    ...(field.reference === 'node' ? { isNode: true } : {}),
    ...(field.isOptional ? {} : { isRequired: true }),
  };
}

/** Objects have no form on one line; such a field can be given over the API. */
function canBeTyped(type: z.ZodType): boolean {
  if (type instanceof z.ZodObject) return false;
  if (type instanceof z.ZodArray) return !(asType(type.element) instanceof z.ZodObject);
  return true;
}

function toValue(type: z.ZodType, words: readonly string[]): Json {
  if (type instanceof z.ZodBoolean) return true;
  if (type instanceof z.ZodArray) {
    const element = asType(type.element);
    return words.map((word) => (element === null ? word : toValue(element, [word])));
  }
  const [word = ''] = words;
  if (type instanceof z.ZodNumber) return /^-?\d{1,15}$/.test(word) ? Number(word) : word;
  if (type instanceof z.ZodEnum) return word.toUpperCase().replaceAll('-', '_');
  return word;
}

function unwrap(type: z.ZodType): z.ZodType {
  if (!(type instanceof z.ZodOptional || type instanceof z.ZodDefault)) return type;
  const inner = asType(type.unwrap());
  return inner === null ? type : unwrap(inner);
}

function asType(type: unknown): z.ZodType | null {
  return type instanceof z.ZodType ? type : null;
}
