import type { Json, JsonObject } from '../../domain/json.ts';
import type { AnyOperation, SlackCommand } from '../../operations/define.ts';
import type { InputField, InputType, ReferenceKind } from '../../operations/input/input-field.ts';
import { type CommandSpec, type Flag, kebab, type ParsedCommand, type Positional } from './grammar.ts';

/** Flags that every operation takes. */
const operationFlags = [
  { name: 'dry-run', takesValue: false, isList: false },
  { name: 'reason', takesValue: true, isList: false },
  { name: 'confirm', takesValue: true, isList: false },
  { name: 'plan', takesValue: true, isList: false },
] as const satisfies readonly Flag[];

/**
 * A word that names a row: a cluster's name or a node's label. It is replaced by the row's id before the operation is
 * asked for.
 */
export type Reference = {
  readonly field: string;
  readonly kind: ReferenceKind;
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

/**
 * The Slack command of an operation, made from its definition alone; null when it has none. Throws when the definition
 * cannot be typed as a command, which a test over the registry finds.
 */
export function operationCommand(operation: AnyOperation): OperationCommand | null {
  const { slack } = operation;
  if (slack === null) return null;
  const fields = operation.fields.filter(({ secret }) => !secret); // a secret must not be typed into a chat
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
      const plain = given.filter(({ field }) => referenceOf(field.type) === null);
      return {
        input: Object.fromEntries(
          plain.map(({ field, words }) => [field.name, isOnByDefault(field) ? false : toValue(field.type, words)]),
        ),
        references: given.flatMap(({ field, words }) => {
          const kind = referenceOf(field.type);
          return kind === null ? [] : [{ field: field.name, kind, words, isList: field.type.kind === 'list' }];
        }),
      };
    },
  };
}

/** The kind of row that a word in this place names; null = the word is the value itself. */
function referenceOf(type: InputType): ReferenceKind | null {
  if (type.kind === 'list') return referenceOf(type.of);
  return type.kind === 'id' ? type.of : null;
}

/** A node's label may be two words, also that of a node that has left. */
function namesNode(type: InputType): boolean {
  const kind = referenceOf(type);
  return kind === 'node' || kind === 'removedNode';
}

/** A text may hold a comma; ids, numbers and words of an enum never do. */
function textIn(type: InputType): { readonly isText?: true } {
  return type.kind === 'list' && type.of.kind === 'text' ? { isText: true } : {};
}

/** A boolean that is true when left out is typed `--no-…`. */
function isOnByDefault({ type, defaultValue }: InputField): boolean {
  return type.kind === 'boolean' && defaultValue === true;
}

function toPositional({ name, type, required }: InputField): Positional {
  const isNode = namesNode(type);
  if (type.kind === 'list')
    return { name, kind: 'list', isOptional: !required, ...(isNode ? { isNode } : {}), ...textIn(type) };
  return { name, kind: isNode ? 'node' : 'word', isOptional: !required };
}

function toFlag(field: InputField): Flag {
  const { name, type, required } = field;
  return {
    name: isOnByDefault(field) ? `no-${kebab(name)}` : kebab(name),
    takesValue: type.kind !== 'boolean',
    isList: type.kind === 'list',
    ...(namesNode(type) ? { isNode: true } : {}),
    ...textIn(type),
    ...(required ? { isRequired: true } : {}),
  };
}

/** An object cannot be typed on one line; such a field can be given through the API. */
function canBeTyped(type: InputType): boolean {
  return type.kind === 'list' ? canBeTyped(type.of) : type.kind !== 'object';
}

function toValue(type: InputType, words: readonly string[]): Json {
  const [word = ''] = words;
  switch (type.kind) {
    case 'list':
      return words.map((each) => toValue(type.of, [each]));
    case 'boolean':
      return true;
    case 'integer':
      return /^-?\d{1,15}$/.test(word) ? Number(word) : word;
    case 'enum':
      return word.toUpperCase().replaceAll('-', '_');
    default:
      return word;
  }
}
