import type { z } from 'zod';

type JsonValue = z.core.util.JSONType;

/**
 * An operation's input as data: the small part of zod from which GraphQL, a Slack command and a Slack form can all be
 * made. Code that needs to know what an operation takes reads this; only `read-fields.ts` looks into zod.
 */
export type InputField = {
  readonly name: string;
  readonly description: string;
  readonly type: InputType;
  /** False when it may be left out. */
  readonly required: boolean;
  readonly defaultValue: JsonValue | undefined;
  /** Write-only: the text, or each text of the list, is stored sealed and never shown again. */
  readonly secret: boolean;
};

export type InputType =
  /** Names a row by its opaque id; people may type a name instead. */
  | { readonly kind: 'id'; readonly of: ReferenceKind }
  /** Lengths in UTF-16 units; null = any. */
  | { readonly kind: 'text'; readonly maxLength: number | null }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  /** The values, each with its meaning. */
  | { readonly kind: 'enum'; readonly name: string; readonly values: Readonly<Record<string, string>> }
  | ObjectType
  | { readonly kind: 'list'; readonly of: InputType };

export type ObjectType = {
  readonly kind: 'object';
  readonly name: string;
  readonly description: string;
  readonly fields: readonly InputField[];
};

export const referenceKinds = ['cluster', 'node', 'removedNode', 'backup', 'policy'] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

const scalarNames = { id: 'ID', text: 'String', integer: 'Int', boolean: 'Boolean' } as const;

/** The type as GraphQL writes it, without the `!` that says whether it may be left out. */
export function typeText(type: InputType): string {
  switch (type.kind) {
    case 'list':
      return `[${typeText(type.of)}!]`;
    case 'enum':
    case 'object':
      return type.name;
    default:
      return scalarNames[type.kind];
  }
}

/** `restartNode` → `RestartNode`, the beginning of the names of its input types. */
export function operationTypeName(operation: string): string {
  return upperFirst(operation);
}

export function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
