import { dirname, join, normalize } from 'node:path';

export type ImportLine = {
  /** A path from the project's root for one of our files, else the package's or built-in's name as written. */
  target: string;
  kind: 'file' | 'package' | 'built-in';
  /** True when nothing of it is loaded at run time. */
  typeOnly: boolean;
};

const statement = /^(?:import|export)\s+(type\s)?([^;'"]*?)\s*from\s*['"]([^'"]+)['"]/gm;
const sideEffect = /^import\s*['"]([^'"]+)['"]/gm;
const dynamic = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;

/** What a source file imports or re-exports. Our formatter puts every statement at the beginning of a line. */
export function readImportLines(file: string, source: string): ImportLine[] {
  return [
    ...[...source.matchAll(statement)].map(([, type, names = '', target = '']) =>
      importLine(file, target, type !== undefined || onlyTypes(names)),
    ),
    ...[...source.matchAll(sideEffect)].map(([, target = '']) => importLine(file, target, false)),
    ...[...source.matchAll(dynamic)].map(([, target = '']) => importLine(file, target, false)),
  ];
}

/** `{ type A, type B }`: every name in the braces is a type. */
function onlyTypes(names: string) {
  const listed = /^\{(.*)\}$/s.exec(names.trim())?.[1];
  if (listed === undefined) return false;
  return listed
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .every((name) => name.startsWith('type '));
}

function importLine(file: string, target: string, typeOnly: boolean): ImportLine {
  if (target.startsWith('.')) return { target: normalize(join(dirname(file), target)), kind: 'file', typeOnly };
  return { target, kind: target.startsWith('node:') ? 'built-in' : 'package', typeOnly };
}
