import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findForbiddenArrows, partOf } from './helpers/architecture/arrows.ts';
import { findCircles } from './helpers/architecture/circles.ts';
import { readImportLines } from './helpers/architecture/import-lines.ts';
import { callsFetch, findBrokenRules } from './helpers/architecture/source-rules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = globSync('src/**/*.ts', { cwd: root }).map((path) => ({
  path: path.replaceAll('\\', '/'),
  source: readFileSync(`${root}${path}`, 'utf8'),
}));

const sourceFile = ({ path, source }: { path: string; source: string }) => ({
  path,
  imports: readImportLines(path, source),
  callsFetch: callsFetch(source),
});

const filesNamedBy = (source: (typeof sources)[number]) =>
  sourceFile(source).imports.flatMap(({ kind, target }) => (kind === 'file' ? [target] : []));

describe('the sources', () => {
  it('are found', () => {
    expect(sources.map(({ path }) => path)).toContain('src/errors.ts');
    expect(sources.flatMap((each) => sourceFile(each).imports).length).toBeGreaterThan(sources.length);
  });

  it('have no import arrow that the architecture does not have', () => {
    const forbidden = findForbiddenArrows(sources.map(sourceFile));
    expect(forbidden, forbidden.join('\n')).toEqual([]);
  });

  it('go in no circle, types included', () => {
    expect(findCircles(new Map(sources.map((each) => [each.path, filesNamedBy(each)])))).toEqual([]);
  });

  it('are parts that go in no circle', () => {
    const part = (path: string) => partOf(path) ?? path;
    const parts = [...new Set(sources.map(({ path }) => part(path)))];
    const arrows = parts.map((name) => {
      const files = sources.filter(({ path }) => part(path) === name);
      return [name, files.flatMap(filesNamedBy).map(part)] as const;
    });
    expect(findCircles(new Map(arrows))).toEqual([]);
  });

  it('read the environment in one place, fetch in one place, have no barrel and no endless file', () => {
    const broken = sources.flatMap(({ path, source }) => findBrokenRules(path, source));
    expect(broken, broken.join('\n')).toEqual([]);
  });
});

const invented = [
  { path: 'src/adapters/ssh/ssh2.ts', source: "import { Client } from 'ssh2';" },
  { path: 'src/adapters/ssh/pool.ts', source: "import { connect } from './ssh2.ts';" },
  { path: 'src/adapters/ssh/commands.ts', source: "import type { Client } from 'ssh2';" },
  { path: 'src/adapters/http/fetch.ts', source: 'const response = await fetch(url);' },
  { path: 'src/runs/submit.ts', source: "import { insertRun } from '../store/runs.ts';" },
  { path: 'src/operations/define.ts', source: 'export const defineOperation = 1;' },
  { path: 'src/runs/drive/runner.ts', source: 'export const drive = 1;' },
];

function judge(path: string, source: string) {
  return findForbiddenArrows([...invented, { path, source }].map(sourceFile));
}

describe('the checker of arrows', () => {
  it.each([
    ['src/domain/run.ts', "import { z } from 'zod';", 'domain uses croner only'],
    ['src/domain/run.ts', "import type { Runs } from '../store/runs.ts';", 'domain may not know store'],
    ['src/domain/run.ts', "export { Runs } from '../store/runs.ts';", 'domain may not know store'],
    ['src/steps/stop.ts', "import { ssh2Shell } from '../adapters/ssh/ssh2.ts';", 'may not reach a driver'],
    ['src/steps/stop.ts', "import { pool } from '../adapters/ssh/pool.ts';", 'may not reach a driver'],
    ['src/steps/stop.ts', "import { get } from '../adapters/http/fetch.ts';", 'may not reach a driver'],
    ['src/operations/backup/plan.ts', "import { runs } from '../../store/runs.ts';", 'operations may not know store'],
    ['src/operations/backup/plan.ts', "import {\n  runs,\n} from '../../store/runs.ts';", 'may not know store'],
    ['src/operations/backup/plan.ts', "import { submit } from '../../runs/submit.ts';", 'operations may not know runs'],
    ['src/runs/submit.ts', "import { Queue } from 'bullmq';", 'only src/jobs/ may'],
    ['src/adapters/ssh/ssh2.ts', "import { Kysely } from 'kysely';", 'only src/store/ may'],
    ['src/adapters/ssh/ssh2.ts', "import { get } from '../http/fetch.ts';", 'adapters may not know each other'],
    ['src/adapters/ssh/ssh2.ts', "import { newId } from '../../ids.ts';", 'adapters may not know ids'],
    ['src/adapters/nodes/scripts.ts', "import { pool } from '../ssh/pool.ts';", 'nodes may not reach a driver'],
    ['src/adapters/nodes/scripts.ts', "import { get } from '../http/fetch.ts';", 'adapters may not know each other'],
    ['src/adapters/ssh/ssh2.ts', "import type { Node } from '../nodes/port.ts';", 'adapters may not know each other'],
    ['src/steps/stop.ts', "import { stopCommand } from '../adapters/ssh/commands.ts';", 'only src/adapters/ may write'],
    ['src/operations/a/a.ts', "import { quote } from '../../adapters/ssh/quote.ts';", 'only src/adapters/ may write'],
    ['src/app/context.ts', "import type { K } from '../adapters/ssh/shell-text.ts';", 'only src/adapters/ may write'],
    ['src/store/runs.ts', "import { drive } from '../runs/drive/runner.ts';", 'store may not know runs'],
    ['src/resolvers/Run.ts', "import { ring } from '../jobs/doorbell.ts';", 'resolvers may not know jobs'],
    ['src/resolvers/Run.ts', "import { server } from '../api/server.ts';", 'resolvers may not know api'],
    ['src/resolvers/Run.ts', "import { App } from '@slack/bolt';", 'only src/bot/ may'],
    [
      'src/bot/app.ts',
      "import { createPool } from 'mysql2/promise';",
      'only src/adapters/starrocks/ and src/store/ may',
    ],
    ['src/bot/app.ts', "const { ring } = await import('../jobs/doorbell.ts');", 'bot may not know jobs'],
    ['src/app/context.ts', "import { Client } from 'ssh2';", 'only src/adapters/ssh/ may'],
    ['src/main.ts', "import { world } from '../sandbox/main.ts';", 'nothing outside src/'],
    ['src/main.ts', "import '../test/helpers/services.ts';", 'nothing outside src/'],
    ['src/bot/resolve.ts', "import { findRun } from '../store/runs/runs.ts';", 'bot may take of the store reads/,'],
    ['src/bot/bot.ts', "import { addPerson } from '../store/access/people.ts';", 'bot may take of the store reads/,'],
    [
      'src/resolvers/Run.ts',
      "import type { A } from '../store/slack/slack-cards.ts';",
      'resolvers may take of the store',
    ],
    ['src/api/http/metrics.ts', "import { listSteps } from '../../store/runs/runs.ts';", 'api may take of the store'],
    [
      'src/store/reads/runs.ts',
      "import { readRun } from '../runs/runs.ts';",
      'reads take of an aggregate its rows only',
    ],
    ['src/errors.ts', "import { newId } from './ids.ts';", 'errors may not know ids'],
    ['src/due-loop.ts', "import { listDueRuns } from './store/runs/leases.ts';", 'due-loop may not know store'],
    ['src/resolvers/Run.ts', "import { startDueLoop } from '../due-loop.ts';", 'resolvers may not know due-loop'],
    ['src/misc/things.ts', "import { AppError } from '../errors.ts';", 'not a part'],
  ])('refuses in %s: %s', (path, source, reason) => {
    const [refused, ...others] = judge(path, source);
    expect(others).toEqual([]);
    expect(refused).toContain(`${path} imports `);
    expect(refused).toContain(reason);
  });

  it.each([
    ['src/domain/run.ts', "import { AppError } from '../errors.ts';\nimport { createHash } from 'node:crypto';"],
    ['src/steps/stop.ts', "import { readUser } from '../adapters/ssh/read-login.ts';"],
    ['src/adapters/nodes/scripts.ts', "import { stopCommand } from '../ssh/commands.ts';"],
    ['src/steps/stop.ts', "import type { Shell } from '../adapters/ssh/ssh2.ts';"],
    ['src/operations/backup/plan.ts', "import { z } from 'zod';\nimport { stop } from '../../steps/stop.ts';"],
    ['src/operations/backup/plan.ts', "import { defineOperation } from '../define.ts';"],
    ['src/runs/submit.ts', "import { runs } from '../store/runs.ts';"],
    ['src/bot/resolve.ts', "import { listRuns } from '../store/reads/runs.ts';"],
    ['src/bot/messages/reconcile.ts', "import { claimLine } from '../../store/slack/slack-lines.ts';"],
    [
      'src/store/reads/runs.ts',
      "import { toRun } from '../runs/run-rows.ts';\nimport { pageOf } from './visibility.ts';",
    ],
    ['src/bot/messages/reconcile.ts', "import { startDueLoop } from '../../due-loop.ts';"],
    ['src/jobs/worker.ts', "import { drive } from '../runs/drive/runner.ts';"],
    ['src/main.ts', "import { drive } from './runs/drive/runner.ts';\nimport express from 'express';"],
    ['src/adapters/ssh/connect.ts', "import { deadline } from '../deadline.ts';\nimport { quote } from './quote.ts';"],
  ])('lets pass in %s: %s', (path, source) => {
    expect(judge(path, source)).toEqual([]);
  });
});

describe('the finder of circles', () => {
  const circlesOf = (arrows: Record<string, string[]>) => findCircles(new Map(Object.entries(arrows)));

  it('finds two that name each other, and longer ways round', () => {
    expect(circlesOf({ a: ['b'], b: ['a'] })).toEqual([['a', 'b']]);
    expect(circlesOf({ a: ['b'], b: ['c', 'x'], c: ['d'], d: ['b'], x: ['y'], y: ['x'] })).toEqual([
      ['x', 'y'],
      ['b', 'c', 'd'],
    ]);
  });

  it('takes no fork that meets again, and nobody who names only itself, for a circle', () => {
    expect(circlesOf({ a: ['b', 'c'], b: ['d'], c: ['d', 'a2'], d: ['d'], a2: [] })).toEqual([]);
  });
});

describe('the checker of single files', () => {
  it.each([
    ['const home = process.env.HOME;', 'reads process.env'],
    ["const home = process['env'].HOME;", 'reads process.env'],
    ['const { env } = process?.env;', 'reads process.env'],
    ["import { argv, env } from 'node:process';", 'reads process.env'],
    ["import type { ShellCommand } from '../adapters/ssh/port.ts';", 'has to do with commands for hosts'],
    ["shell.run({ name: 'stop', text: 'kill 1', effect: 'change' });", 'has to do with commands for hosts'],
    ['const answer = await fetch(url);', 'calls fetch'],
    ['if (schema instanceof z.ZodArray) return schema.element;', 'looks into zod'],
    ["db.selectFrom('run').orderBy('number', 'desc')\n  .executeTakeFirst();", 'takes the first of all rows'],
    ["/** All of it. */\nexport * from './run.ts';\nexport type { A } from './a.ts';\n", 'only passes on'],
  ])('refuses %j', (source, reason) => {
    expect(findBrokenRules('src/jobs/runner.ts', source)).toEqual([expect.stringContaining(reason)]);
  });

  it.each([
    '// process.env is read elsewhere',
    "db.selectFrom('run').orderBy('number', 'desc').limit(1).executeTakeFirst();",
    "db.selectFrom('run').orderBy('number').execute();\ndb.selectFrom('run').executeTakeFirst();",
    'const rows = await cursor.fetch(10);',
    "export { a } from './a.ts';\nexport const b = 1;",
  ])('lets pass %j', (source) => {
    expect(findBrokenRules('src/jobs/runner.ts', source)).toEqual([]);
  });

  it.each([
    ['src/store/reads/runs.ts', "db.updateTable('run').set({ revision: 2 })", 'changes or reads run'],
    ['src/store/upgrades/upgrades.ts', "db.updateTable('run').set({ revision: 2 })", 'changes or reads run'],
    ['src/store/slack/slack.ts', "db.selectFrom('person').selectAll()", 'changes or reads person'],
    ['src/store/slack/slack-cards.ts', "db\n  .deleteFrom('run')", 'changes or reads run'],
    ['src/store/runs/leases.ts', "db.selectFrom('run as r').innerJoin('alert', 'a', 'b')", 'changes or reads alert'],
  ])('refuses in %s: %s', (path, source, reason) => {
    expect(findBrokenRules(path, source)).toEqual([expect.stringContaining(reason)]);
  });

  it.each([
    ['src/store/reads/backups.ts', "db.selectFrom('backup').innerJoin('run', 'run.id', 'backup.run_id')"],
    ['src/store/slack/slack-cards.ts', "db.selectFrom('run').leftJoin('slack_card', 'a', 'b')"],
    ['src/store/runs/runs.ts', "db.updateTable('run').set({ revision: 2 })"],
  ])('lets pass in %s: %s', (path, source) => {
    expect(findBrokenRules(path, source)).toEqual([]);
  });

  it('refuses a file of more than 500 lines', () => {
    expect(findBrokenRules('src/jobs/runner.ts', 'let line;\n'.repeat(500))).toEqual([]);
    expect(findBrokenRules('src/jobs/runner.ts', 'let line;\n'.repeat(501))).toEqual([
      'src/jobs/runner.ts has 501 lines; 500 is the most',
    ]);
  });

  it('lets the configuration read the environment', () => {
    expect(findBrokenRules('src/config.ts', 'export const config = loadConfig(process.env);')).toEqual([]);
  });
});
