import type { Json, JsonObject } from '../../domain/json.ts';
import type { NameOf } from '../../domain/words.ts';

export type FormPlace = {
  readonly path: readonly string[];
  /** True inside an object that may be left out as a whole: then nothing in it has to be filled in. */
  readonly isOptional: boolean;
  readonly nameOf: NameOf;
};

/** Stands for the index of an item that is offered and may be left blank. */
export const blankItem = '?';

/** Where the one element of a block holds its value. */
export const action = 'value';

/** The `block_id` of a field: `hosts.0.nodes.?.unit`. Names of fields have no dots. */
export function wayTo(path: readonly string[]): string {
  return path.join('.');
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
