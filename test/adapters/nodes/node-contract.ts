import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Node, NodeCall, NodeReader } from '../../../src/adapters/nodes/port.ts';
import type { Installation } from '../../../src/domain/deploy/installation.ts';
import type { Replacement } from '../../../src/domain/node-binaries.ts';
import { isSameProcess, type ProcessId } from '../../../src/domain/process-id.ts';
import { AppError } from '../../../src/errors.ts';

/** A node of 3.4.6 that is down, whatever runs it, with real processes. */
export type NodeUnderTest = {
  open(guard?: () => void): Node;
  /** Ends whatever runs, at once and behind everybody's back, and leaves the node down as it was in the beginning. */
  reset(): Promise<void>;
  /** Ends the process at once, behind everybody's back. */
  kill(process: ProcessId): Promise<void>;
  /** How often its program was started since the reset. */
  starts(): Promise<number>;
  /** How long the process takes to end from its next start on; `never` = only by force. */
  takesToEnd(ms: number | 'never'): Promise<void>;
  /** From now on whatever starts the node fails, until the next reset. */
  breakStart(): Promise<void>;
  /** A release that the node's host has, and where its archive is kept. */
  readonly release: Replacement['release'];
  readonly archiveDir: string;
  /** A place where nobody is, for a node that is to come into being there, run by the same. */
  readonly fresh: {
    open(guard?: () => void): Node;
    readonly deployDir: string;
    readonly installation: Installation;
    readonly conf: string;
    /** Null = no unit is written for it. */
    readonly unitText: string | null;
    /** Brings the archive there, which needs a place that was claimed. */
    bringArchive(): Promise<void>;
    /** Everything that is there on the host, for comparisons. */
    seen(): Promise<readonly string[]>;
  };
  close(): Promise<void>;
};

/** Every method, by whether it changes the node: a new one has to be put to one of both. */
const effects = [
  ...(['stop', 'start', 'stage', 'unstage', 'swapIn', 'putBack', 'removeKept'] as const),
  ...(['claim', 'install', 'configure', 'startNew', 'clearData', 'uninstall'] as const),
] as const;
/** What a node run by scripts has no use for, and refuses. */
const unitEffects = ['writeUnit', 'removeUnit'] as const;
const reads = [
  'process',
  'stopState',
  'startedAs',
  'lastLogLines',
  'isStaged',
  'binaries',
  'kept',
  'installed',
] as const satisfies readonly (keyof NodeReader)[];

const gracefully = { graceful: true, timeoutSeconds: 30, version: '3.4.6' } as const;
const call = (): NodeCall => ({ signal: AbortSignal.timeout(60_000) });

/** What every implementation of the port has to keep. */
export function nodeContract(name: string, make: () => Promise<NodeUnderTest>): void {
  describe(`a node run by ${name}`, () => {
    let place: NodeUnderTest;
    let node: Node;
    let replacement: Replacement;

    beforeAll(async () => {
      place = await make();
      node = place.open();
      replacement = { release: place.release, keptVersion: '3.4.6-1a2b3c4', runId: 'run_01J00000000000000000000000' };
    });
    afterAll(() => place?.close());
    beforeEach(() => place.reset());

    async function start(): Promise<ProcessId> {
      const running = await node.start(call());
      if (running === null) throw new Error('it was started, and nothing runs');
      return running;
    }

    it('has no process while it is down, and one after its start, which is told from every other', async () => {
      expect(await node.process(call())).toBeNull();
      const first = await start();
      expect(await node.process(call())).toEqual(first);
      expect(JSON.parse(JSON.stringify(first))).toEqual(first);
      await place.kill(first);
      expect(await node.process(call())).toBeNull();
      expect(await node.stopState(first, call())).toBe('ended');
      const second = await start();
      expect(isSameProcess(first, second)).toBe(false);
    });

    it('is started once, however often and however much at the same time it is asked for', async () => {
      const started = await Promise.all([node.start(call()), place.open().start(call())]);
      started.push(await node.start(call()));
      expect(started[0]).not.toBeNull();
      expect(started).toEqual([started[0], started[0], started[0]]);
      expect(await place.starts()).toBe(1);
    });

    it('is stopped as far as that very process has ended, and may be told again', async () => {
      const running = await start();
      expect(await node.stopState(running, call())).not.toBe('ended');
      expect(['ended', 'unsure']).toContain(await node.stop(running, gracefully, call()));
      expect(await node.stopState(running, call())).toBe('ended');
      expect(await node.process(call())).toBeNull();
      expect(['ended', 'unsure']).toContain(await node.stop(running, gracefully, call()));
      expect(await node.stopState(running, call())).toBe('ended');
    });

    it('is stopped as whatever it runs as, when nobody noted what that is', async () => {
      const running = await start();
      expect(await node.stopState(undefined, call())).not.toBe('ended');
      await node.stop(undefined, gracefully, call());
      expect(await node.stopState(running, call())).toBe('ended');
      expect(await node.stopState(undefined, call())).toBe('ended');
    });

    it('is not stopped when another process runs by then than the one that was noted', async () => {
      const noted = await start();
      await place.kill(noted);
      const other = await start();
      expect(await node.stop(noted, gracefully, call())).toEqual({ runsAs: other });
      expect(await node.process(call())).toEqual(other);
    });

    it('is not stopped when it was restarted since it was looked at', async () => {
      const noted = await start();
      await node.process(call());
      await place.kill(noted);
      const other = await place.open().start(call());
      expect(await node.stop(noted, gracefully, { ...call(), recentMs: 60_000 })).toEqual({ runsAs: other });
      expect(await node.process(call())).toEqual(other);
    });

    it('is waited for while its process drains', async () => {
      await place.takesToEnd(2_000);
      const running = await start();
      const stopping = node.stop(running, gracefully, call());
      await sleep(1_000);
      expect(await node.stopState(running, call())).not.toBe('ended');
      await stopping;
      expect(await node.stopState(running, call())).toBe('ended');
    });

    it('is killed when its time is over', async () => {
      await place.takesToEnd('never');
      const running = await start();
      await node.stop(running, { ...gracefully, timeoutSeconds: 3 }, call());
      expect(await node.process(call())).toBeNull();
      await expect.poll(() => node.stopState(running, call())).toBe('ended');
    });

    it('fails with the reason when whatever starts it does', async () => {
      await place.breakStart();
      await expect(node.start(call())).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
      expect(await node.process(call())).toBeNull();
    });

    it('has its binaries replaced while it is down, and gets them back', async () => {
      expect(await node.isStaged(place.release, call())).toBe(false);
      for (const _again of [1, 2])
        await node.stage(place.release, { archiveDir: place.archiveDir, isNew: false }, call());
      expect(await node.isStaged(place.release, call())).toBe(true);
      expect(await node.binaries(replacement, call())).toMatchObject({ state: 'old' });
      const running = await start();
      await expect(node.swapIn(replacement, call())).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      await node.stop(running, gracefully, call());
      for (const _again of [1, 2]) await node.swapIn(replacement, call());
      expect(await node.binaries(replacement, call())).toMatchObject({ state: 'new' });
      expect(await node.kept(call())).toEqual([
        { name: expect.stringContaining('3.4.6'), sizeBytes: expect.any(Number) },
      ]);
      const renewed = await start();
      await expect(node.putBack(replacement, call())).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      await node.stop(renewed, gracefully, call());
      for (const _again of [1, 2]) await node.putBack(replacement, call());
      expect(await node.binaries(replacement, call())).toMatchObject({ state: 'old' });
      await node.unstage(place.release, call());
      expect(await node.isStaged(place.release, call())).toBe(false);
      await node.removeKept(call());
      expect(await node.kept(call())).toEqual([]);
    });

    it('comes to lie in a place of its own, is started once as new, and is taken away without a trace', async () => {
      const { fresh } = place;
      const { installation, unitText } = fresh;
      const before = await fresh.seen();
      const made = fresh.open();
      const first = { helper: null, hostType: 'IP' } as const;
      expect((await made.installed(installation, call())).dirs.map(({ owner }) => owner)).toEqual(['nobody', 'nobody']);
      await expect(made.startNew(installation, first, call())).rejects.toThrow();
      for (const _again of [1, 2]) await made.claim(installation, call());
      await fresh.bringArchive();
      await made.stage(installation.release, { archiveDir: fresh.deployDir, isNew: true }, call());
      for (const _again of [1, 2]) await made.install(installation, call());
      for (const _again of [1, 2]) await made.configure(installation, fresh.conf, call());
      await expect(made.configure(installation, `${fresh.conf}# other\n`, call())).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
      for (const _again of [1, 2]) if (unitText !== null) await made.writeUnit(installation, unitText, call());
      const { unit, ...installed } = await made.installed(installation, call());
      expect(installed).toMatchObject({
        binaries: 'whole',
        isBegun: false,
        dirs: [{ owner: 'ours' }, { owner: 'ours' }],
      });
      expect(unit?.isOurs ?? null).toBe(unitText === null ? null : true);

      // A host that is started again now must not start a node that nobody has begun to start.
      const startsWithHost = async () => (await fresh.seen()).some((line) => line.endsWith('.enabled'));
      expect(await startsWithHost()).toBe(false);
      const others = await made.start(call());
      await expect(made.startNew(installation, first, call())).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining(`process ${others?.pid} runs in`),
      });
      expect(await made.process(call())).toEqual(others);
      await made.stop(undefined, { ...gracefully, graceful: false, version: '3.5.0' }, call());

      const started = await Promise.all([
        made.startNew(installation, first, call()),
        fresh.open().startNew(installation, first, call()),
      ]);
      started.push(await made.startNew(installation, first, call()));
      expect(started[0]).not.toBeNull();
      expect(started).toEqual([started[0], started[0], started[0]]);
      expect(await made.installed(installation, call())).toMatchObject({ isBegun: true });
      expect(await startsWithHost()).toBe(unitText !== null);
      for (const removal of ['uninstall', 'clearData'] as const)
        await expect(made[removal](installation, call())).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(await made.process(call())).toEqual(started[0]);

      await made.stop(undefined, { ...gracefully, graceful: false, version: '3.5.0' }, call());
      await made.clearData(installation, call());
      expect(await made.installed(installation, call())).toMatchObject({
        isBegun: false,
        dirs: [{}, { isEmpty: true }],
      });
      for (const _again of [1, 2]) if (unitText !== null) await made.removeUnit(installation, call());
      for (const _again of [1, 2]) await made.uninstall(installation, call());
      expect(await fresh.seen()).toEqual(before);
    });

    it('is not changed by a worker that has lost its lease, which may look on', async () => {
      const running = await start();
      const installation = {
        runId: replacement.runId,
        release: place.release,
        dataDirs: [],
        host: '127.0.0.1',
        ports: [],
      };
      expect(Object.keys(node).toSorted()).toEqual([...effects, ...unitEffects, ...reads].toSorted());
      const lost = place.open(leaseLost);
      const attempts: Record<(typeof effects)[number], () => Promise<unknown>> = {
        stop: () => lost.stop(running, gracefully, call()),
        start: () => lost.start(call()),
        stage: () => lost.stage(place.release, { archiveDir: place.archiveDir, isNew: false }, call()),
        unstage: () => lost.unstage(place.release, call()),
        swapIn: () => lost.swapIn(replacement, call()),
        putBack: () => lost.putBack(replacement, call()),
        removeKept: () => lost.removeKept(call()),
        claim: () => lost.claim(installation, call()),
        install: () => lost.install(installation, call()),
        configure: () => lost.configure(installation, 'be_port = 9060\n', call()),
        startNew: () => lost.startNew(installation, { helper: null, hostType: 'IP' }, call()),
        clearData: () => lost.clearData(installation, call()),
        uninstall: () => lost.uninstall(installation, call()),
      };
      for (const effect of effects)
        await expect(attempts[effect](), effect).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await lost.process(call())).toEqual(running);
      expect(await lost.stopState(running, call())).not.toBe('ended');
      expect(await lost.startedAs(call())).toBeNull();
      expect(await lost.lastLogLines(8, call())).toEqual(expect.any(Array));
      expect(await lost.isStaged(place.release, call())).toBe(false);
      expect(await lost.binaries(replacement, call())).toMatchObject({ state: 'nothing-staged' });
      expect(await lost.kept(call())).toEqual([]);
      expect(await place.starts()).toBe(1);
    });

    it('is not killed by a worker that lost its lease while it waited for the end', async () => {
      await place.takesToEnd('never');
      const running = await start();
      let asked = 0;
      const losing = place.open(() => {
        asked += 1;
        if (asked > 1) leaseLost();
      });
      // A script of a version that does not kill by itself when the time is over.
      const stopping = losing.stop(running, { ...gracefully, timeoutSeconds: 1, version: '3.3.2' }, call());
      await expect(stopping).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await node.process(call())).toEqual(running);
    });
  });
}

function leaseLost(): never {
  throw new AppError('LEASE_LOST', 'The lease ran out', { hint: 'Another worker goes on with it.' });
}
