import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { done, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { callNode, javaText } from '../../rpc.ts';
import { analysisError, executionError, SqlError } from '../../sql/errors.ts';
import { requirePrivilege, userKey } from '../access.ts';
import type { FrontendCalls, FrontendContext } from '../context.ts';
import { forget } from '../data/schedule-log.ts';
import { isLike } from '../format.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { takeCheckpoint } from '../meta/checkpoint.ts';
import { change } from '../meta/state.ts';
import type { Session } from '../session.ts';
import { parseHostPort } from './addresses.ts';

type Kinds = 'showConfig' | 'setConfig' | 'createImage' | 'cleanScheduler' | 'addBrokers' | 'dropBrokers';

export const adminHandlers: Handlers<Kinds> = {
  showConfig: locally(({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    const { pattern } = statement;
    const shown = fe.config.items().filter(({ key, aliases }) => {
      return pattern === null || [key, ...aliases].some((name) => isLike(name, pattern, { caseSensitive: true }));
    });
    const rows = shown.map(({ key, aliases, value, type, mutable, comment }) => {
      return [key, `[${aliases.join(', ')}]`, value, type, String(mutable), comment];
    });
    return textRows(['Key', 'AliasNames', 'Value', 'Type', 'IsMutable', 'Comment'], rows);
  }),

  /** Up to 3.4 this changes the frontend that was asked and no other; from 3.5 on the leader tells all of them. */
  setConfig: {
    place: (_statement, fe) => (fe.release.atLeast(3, 5) ? 'leader' : 'local'),
    run: async ({ statement, session, fe }) => {
      requirePrivilege(fe, session, { privileges: ['OPERATE'] });
      const entries = Object.entries(statement.properties);
      const [first] = entries;
      if (!first || entries.length !== 1) throw analysisError('config parameter size is not equal to 1');
      const [key, value] = first;
      if (statement.persistent && !fe.release.atLeast(3, 5)) throw analysisError('WITH PERSISTENT is not supported');
      if (statement.persistent) writeConf(fe, userKey({ name: session.user, host: session.userHost }), { key, value });
      const refusal = fe.config.set(key, value);
      if (refusal !== null) throw executionError(fe.release, refusal);
      if (fe.release.atLeast(3, 5)) await pushConfig(fe, session, { key, value, persistent: statement.persistent });
      return done();
    },
  },

  createImage: onLeader(({ session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    void takeCheckpoint(fe, { delayMs: fe.pace.ms(2000) });
    return done();
  }),

  cleanScheduler: onLeader(({ session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    forget(fe.schedule);
    return done();
  }),

  addBrokers: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    const brokers = statement.addresses.map((text) => ({ name: statement.name, ...parseHostPort(text) }));
    await fe.group.update((state) => {
      const taken = brokers.find((broker) => state.brokers.has(brokerKey(broker)));
      if (taken) throw executionError(fe.release, `Broker(${taken.host}:${taken.port}) has already in brokers.`);
      return { changes: brokers.map((broker) => change('brokers', brokerKey(broker), broker)), value: null };
    });
    return done();
  }),

  dropBrokers: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, { privileges: ['NODE'] });
    await fe.group.update((state) => {
      const named = [...state.brokers.values()].filter(({ name }) => name === statement.name);
      if (named.length === 0) throw executionError(fe.release, `Unknown broker name(${statement.name})`);
      const addresses = statement.addresses === 'all' ? null : statement.addresses.map(parseHostPort);
      const leaving = addresses?.map((address) => ({ name: statement.name, ...address })) ?? named;
      const missing = leaving.find((broker) => !state.brokers.has(brokerKey(broker)));
      if (missing) throw executionError(fe.release, `Broker(${missing.host}:${missing.port}) has not in brokers.`);
      return { changes: leaving.map((broker) => change('brokers', brokerKey(broker), null)), value: null };
    });
    return done();
  }),
};

function brokerKey({ name, host, port }: { name: string; host: string; port: number }): string {
  return `${name}@${host}:${port}`;
}

type Setting = { key: string; value: string; persistent: boolean; user: string };

/** What the leader asks of another frontend: changed in the process, and with `persistent` in fe.conf too. */
export function setOwnConfig(fe: FrontendContext, { key, value, persistent, user }: Setting): boolean {
  if (fe.config.set(key, value) !== null) return false;
  if (persistent) writeConf(fe, user, { key, value });
  return true;
}

/**
 * A comment with who did it when, and the line. The leader writes before it looks whether there is such a key, so that what is
 * refused stands in its file all the same, and an alias becomes a second line beside the key.
 */
function writeConf(fe: FrontendContext, user: string, { key, value }: { key: string; value: string }): void {
  const file = join(fe.home, 'conf', 'fe.conf');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const at = lines.findIndex((line) => !line.trimStart().startsWith('#') && line.split('=')[0]?.trim() === key);
  const old = lines[at];
  const time = formatTime(Date.now());
  const comment =
    old === undefined
      ? `# The user ${user} added ${key}=${value} at ${time}`
      : `# The user ${user} changed ${old.trim()} to ${key}=${value} at ${time}`;
  lines.splice(at < 0 ? lines.length : at, at < 0 ? 0 : 1, comment, `${key} = ${value}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
}

/** One frontend that does not answer makes the statement fail, although the others took the value. */
async function pushConfig(fe: FrontendContext, session: Session, asked: Omit<Setting, 'user'>): Promise<void> {
  const setting = { ...asked, user: userKey({ name: session.user, host: session.userHost }) };
  const others = [...fe.group.state.frontends.values()].filter(({ name }) => name !== fe.self.name);
  const failures = await Promise.all(
    others.map(async ({ host, rpcPort }) => {
      const target = { host, port: rpcPort === 0 ? fe.self.rpcPort : rpcPort };
      const timeoutMs = fe.pace.atLeast(5000, 1000);
      const call = callNode<FrontendCalls, 'setConfig'>(target, 'setConfig', setting, { timeoutMs });
      return call.then(
        () => null,
        // Tried twice, and said twice without anything in between.
        (error: unknown) => `set config for fe[${host}] failed: ${javaText(error)}`.repeat(2),
      );
    }),
  );
  const failed = failures.filter((failure) => failure !== null);
  if (failed.length > 0) throw new SqlError(5101, 'F0000', `Set config failed: ${failed.join('')}`);
}
