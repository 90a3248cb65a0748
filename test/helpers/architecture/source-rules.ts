import { readImportLines } from './import-lines.ts';

const readsEnvironment =
  /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\[['"]env['"]\]|import\s*\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process['"]/;
/** Asking what kind of schema it is; a schema that is made and used to parse asks nothing. */
const looksIntoZod = /\binstanceof z\.|\b_zod\b|\.def\.type\b/;
const zodReader = 'src/operations/input/read-fields.ts';
const globalFetch = /(?<![.\w])fetch\(/;
const comments = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
/** The type of a command, or one that is written out: no statement has a name. */
const hostCommand = /\bShellCommand\b|\bname:\s*['"`][\w-]+['"`],\s*text:/;
const longest = 500;

/** Rules about one file of `src/` that its text alone can break, as sentences. */
export function findBrokenRules(path: string, source: string): string[] {
  const code = source.replace(comments, '');
  const lines = source.split('\n').length - 1;
  return [
    readsEnvironment.test(code) && path !== 'src/config.ts' ? `${path} reads process.env; only src/config.ts may` : [],
    callsFetch(source) && !path.startsWith('src/adapters/http/')
      ? `${path} calls fetch; only src/adapters/http/ may`
      : [],
    looksIntoZod.test(code) && path !== zodReader ? `${path} looks into zod; only ${zodReader} may` : [],
    hostCommand.test(code) && !path.startsWith('src/adapters/')
      ? `${path} has to do with commands for hosts; only src/adapters/ may`
      : [],
    isBarrel(path, source) && path !== 'src/operations/index.ts' ? `${path} only passes on what others export` : [],
    lines > longest ? `${path} has ${lines} lines; ${longest} is the most` : [],
  ].flat();
}

export function callsFetch(source: string) {
  return globalFetch.test(source.replace(comments, ''));
}

/** A file all of whose statements are `export … from`. */
function isBarrel(path: string, source: string) {
  const code = source.replace(comments, '');
  const rest = code.replace(/^export\s[^;'"]*?from\s*['"][^'"]+['"];?/gm, '').trim();
  return rest === '' && readImportLines(path, code).length > 0;
}
