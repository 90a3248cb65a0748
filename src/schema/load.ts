import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyOperation } from '../operations/define.ts';
import { printOperations } from './print-operations.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));

/**
 * The SDL of the whole API: the nouns written by hand, and what is printed from these operations. The generated files
 * are for people and for the diff of a review; the server prints afresh, so that it can never disagree with its code.
 */
export function loadTypeDefs(operations: readonly AnyOperation[]): string[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.graphql'))
    .toSorted();
  return [...files.map((name) => readFileSync(join(directory, name), 'utf8')), printOperations(operations)];
}
