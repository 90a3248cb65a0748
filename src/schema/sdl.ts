import {
  type ConstValueNode,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  type InputObjectTypeDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type NamedTypeNode,
  type NameNode,
  type ObjectTypeExtensionNode,
  type StringValueNode,
  type TypeNode,
} from 'graphql';
import { type InputField, type InputType, typeText } from '../operations/input/input-field.ts';

/* Parts of a schema in the form of graphql-js, which prints them and builds from them. */

const nameNode = (value: string): NameNode => ({ kind: Kind.NAME, value });
const described = (text: string): StringValueNode => ({ kind: Kind.STRING, value: text, block: false });

export const named = (name: string): NamedTypeNode => ({ kind: Kind.NAMED_TYPE, name: nameNode(name) });

/** `[String!]`, and `[String!]!` for a required value. */
function reference(type: InputType, { required }: { required: boolean }): TypeNode {
  const bare =
    type.kind === 'list'
      ? ({ kind: Kind.LIST_TYPE, type: reference(type.of, { required: true }) } as const)
      : named(typeText(type));
  return required ? { kind: Kind.NON_NULL_TYPE, type: bare } : bare;
}

export function inputValue(
  name: string,
  { description, type, value }: { description: string; type: TypeNode; value?: ConstValueNode },
): InputValueDefinitionNode {
  return {
    kind: Kind.INPUT_VALUE_DEFINITION,
    name: nameNode(name),
    description: described(description),
    type,
    ...(value === undefined ? {} : { defaultValue: value }),
  };
}

export function inputObject(
  name: string,
  { description, fields }: { description: string; fields: readonly InputField[] },
): InputObjectTypeDefinitionNode {
  return {
    kind: Kind.INPUT_OBJECT_TYPE_DEFINITION,
    name: nameNode(name),
    description: described(description),
    fields: fields.map(({ name: field, description: text, type, required, defaultValue }) =>
      inputValue(field, {
        description: text,
        type: reference(type, { required }),
        ...(defaultValue === undefined ? {} : { value: constValue(type, defaultValue) }),
      }),
    ),
  };
}

/** `values`: each value with its meaning. */
export function enumeration(
  name: string,
  { description, values }: { description: string; values: Readonly<Record<string, string>> },
): EnumTypeDefinitionNode {
  return {
    kind: Kind.ENUM_TYPE_DEFINITION,
    name: nameNode(name),
    description: described(description),
    values: Object.entries(values).map(([value, meaning]) => ({
      kind: Kind.ENUM_VALUE_DEFINITION,
      name: nameNode(value),
      description: described(meaning),
    })),
  };
}

/** A default as GraphQL writes it: enum values are bare words there, and object keys have no quotes. */
function constValue(type: InputType, value: NonNullable<InputField['defaultValue']> | null): ConstValueNode {
  if (value === null) return { kind: Kind.NULL };
  if (type.kind === 'enum') return { kind: Kind.ENUM, value: String(value) };
  if (type.kind === 'list' && Array.isArray(value))
    return { kind: Kind.LIST, values: value.map((item) => constValue(type.of, item)) };
  if (type.kind === 'object' && typeof value === 'object' && !Array.isArray(value)) {
    const fields = Object.entries(value).map(([key, member]) => {
      const field = type.fields.find((candidate) => candidate.name === key);
      if (field === undefined || member === undefined)
        throw new Error(`The default of ${type.name} names ${key}, which it does not have`);
      return { kind: Kind.OBJECT_FIELD, name: nameNode(key), value: constValue(field.type, member) } as const;
    });
    return { kind: Kind.OBJECT, fields };
  }
  switch (typeof value) {
    case 'boolean':
      return { kind: Kind.BOOLEAN, value };
    case 'number':
      return { kind: Kind.INT, value: String(value) };
    case 'string':
      return { kind: Kind.STRING, value };
    default:
      throw new Error('A default that is an object or a list belongs to a field that is none');
  }
}

/** `extend type <name> { … }` */
export function extension(name: string, fields: readonly FieldDefinitionNode[]): ObjectTypeExtensionNode {
  return { kind: Kind.OBJECT_TYPE_EXTENSION, name: nameNode(name), fields };
}

export function field(
  name: string,
  { description, args, type }: { description: string; args: readonly InputValueDefinitionNode[]; type: TypeNode },
): FieldDefinitionNode {
  return {
    kind: Kind.FIELD_DEFINITION,
    name: nameNode(name),
    description: described(description),
    arguments: args,
    type,
  };
}

export const notNull = (name: string): TypeNode => ({ kind: Kind.NON_NULL_TYPE, type: named(name) });
