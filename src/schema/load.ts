import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DocumentNode, parse } from 'graphql';
import type { AnyOperation } from '../operations/define.ts';
import { defineOperations } from './print-operations.ts';

const directory = fileURLToPath(new URL('.', import.meta.url));

/**
 * The definitions of the whole API: the nouns written by hand, and what is made from these operations. The generated
 * files are for people and for the diff of a review; the server makes its own definitions, so that they always agree with
 * its code.
 */
export function loadTypeDefs(operations: readonly AnyOperation[]): DocumentNode[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.graphql'))
    .toSorted();
  return [...files.map((name) => parse(readFileSync(join(directory, name), 'utf8'))), defineOperations(operations)];
}
