import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readArguments } from '../../sandbox/world/arguments.ts';
import { commandsHelp } from '../../sandbox/world/commands.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md', 'sandbox/**/*.md', 'sandbox/**/*.ts', '.ci/run', '.env.example'], {
  cwd: root,
}).map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }));
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

/** What the pages say, as `page: the words`. */
function said(pattern: RegExp): { page: string; words: string }[] {
  return pages.flatMap(({ page, text }) => [...text.matchAll(pattern)].map(([, words = '']) => ({ page, words })));
}

describe('a command that a page names', () => {
  it('is a script of package.json, and known to the program behind it', () => {
    const { stderr } = spawnSync(process.execPath, [join(root, 'scripts/run.mjs')], { encoding: 'utf8' });
    const known = [...stderr.matchAll(/npm run (\S+)/g)].map(([, name]) => name);
    expect(Object.keys(scripts).sort()).toEqual(known.sort());
    const named = said(/\bnpm run ([a-z][a-z:-]*)/g);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter(({ words }) => scripts[words] === undefined)).toEqual([]);
  });

  it('is no TypeScript file given to node, which Node.js 20 does not run', () => {
    expect(said(/\b(node (?:--?\S+ )*[\w./-]+\.ts)\b/g)).toEqual([]);
  });

  it('names files that are there', () => {
    const files = said(/\bnpm test -- ([\w./-]+)/g);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(({ words }) => !existsSync(join(root, words)))).toEqual([]);
  });

  it('is understood by the sandbox', () => {
    const asked = said(/\bnpm run sandbox -- ((?:[\w.=:^/-]+ ?)+)/g).map(({ words }) => words.trim().split(/\s+/));
    expect(asked.length).toBeGreaterThan(8);
    const starts = asked.filter(([first]) => first?.startsWith('-')).map((words) => readArguments(words).kind);
    expect(starts.filter((kind) => kind === 'command')).toEqual([]);
    const verbs = asked.flatMap(([first = '']) => (first.startsWith('-') ? [] : [first]));
    expect(verbs.filter((verb) => !new RegExp(`^\\s*${verb}\\b`, 'm').test(commandsHelp()))).toEqual([]);
  });
});

it('every link from page to page leads to a file', () => {
  const links = pages
    .filter(({ page }) => page.endsWith('.md'))
    .flatMap(({ page, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => ({ page, to })),
    );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ page, to }) => !existsSync(join(root, dirname(page), to)))).toEqual([]);
});
