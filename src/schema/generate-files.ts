import { lexicographicSortSchema, printSchema } from 'graphql';
import type { AnyOperation } from '../operations/define.ts';
import { buildSchemaOf } from './build.ts';
import { printMetrics } from './print-metrics.ts';
import { printOperations } from './print-operations.ts';
import { printReference } from './print-reference.ts';
import { printRules } from './print-rules.ts';
import { printAccess, printErrors } from './print-tables.ts';

export type GeneratedFile = { readonly path: string; readonly text: string };

/** The files that are made from the operations and from the tables of the code, for people, for clients, and for the diff that a review reads. */
export function generateFiles(operations: readonly AnyOperation[]): readonly GeneratedFile[] {
  return [
    { path: 'src/schema/generated/operations.graphql', text: printOperations(operations) },
    {
      path: 'src/schema/generated/schema.graphql',
      text: `${printSchema(lexicographicSortSchema(buildSchemaOf(operations)))}\n`,
    },
    { path: 'docs/reference/operations.md', text: printReference(operations) },
    { path: 'docs/reference/access.md', text: printAccess(operations) },
    { path: 'docs/reference/errors.md', text: printErrors() },
    { path: 'docs/monitoring/metrics.md', text: printMetrics() },
    { path: 'docs/monitoring/rules.md', text: printRules() },
  ];
}
