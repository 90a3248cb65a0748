import { expect, it } from 'vitest';
import type { Reading } from '../../src/adapters/reading.ts';
import { whoAmI } from '../../src/adapters/ssh/commands.ts';
import { killProcess } from '../../src/adapters/ssh/kill-process.ts';
import { killSession, showBackends } from '../../src/adapters/starrocks/statements.ts';

type Sql = Parameters<Reading['sql']['query']>[0];
type Command = Parameters<Awaited<ReturnType<Reading['shell']>>['run']>[0];

it('a reading takes what asks, and nothing that changes', () => {
  const asked: [Sql, Command] = [showBackends(), whoAmI()];
  expect(asked.map(({ effect }) => effect)).toEqual(['read', 'read']);
  // @ts-expect-error A statement that changes something does not fit in.
  const statement: Sql = killSession({ id: 1 });
  // @ts-expect-error Nor does a command.
  const command: Command = killProcess({ pid: 1, startedAtTicks: '1' });
  expect([statement.effect, command.effect]).toEqual(['change', 'change']);
});

it('a reading has no way to upload, and no node that it could stop', () => {
  type Upload = 'upload' extends keyof Awaited<ReturnType<Reading['shell']>> ? true : false;
  type Stop = 'stop' extends keyof Awaited<ReturnType<Reading['node']>> ? true : false;
  const can: [Upload, Stop] = [false, false];
  expect(can).toEqual([false, false]);
});
