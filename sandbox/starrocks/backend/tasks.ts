import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendTask, TaskReport } from '../contracts.ts';
import type { FaultKind, Faults } from '../faults.ts';
import { md5, type ObjectStore, type ObjectStores, splitChecksum } from '../object-store.ts';
import type { Pace } from '../pace.ts';
import { readSnapshot, type Storage } from './storage.ts';

/** The snapshot, upload, download and move work of a backend. It lives in memory: a restart loses it. */
export type Tasks = {
  start(task: BackendTask): void;
  report(taskId: string): TaskReport;
};

type Ports = { storage: Storage; stores: ObjectStores; faults: Faults; pace: Pace };

export function createTasks(ports: Ports): Tasks {
  const reports = new Map<string, TaskReport>();
  return {
    start(task) {
      if (reports.has(task.taskId)) return;
      const report: TaskReport = { ...emptyReport(task.taskId), state: 'running', total: partCount(task) };
      reports.set(task.taskId, report);
      runTask(task, report, ports).then(
        () => {
          report.state = 'done';
        },
        (error: unknown) => {
          report.state = 'failed';
          report.error = error instanceof Error ? error.message : String(error);
        },
      );
    },
    report: (taskId) => reports.get(taskId) ?? emptyReport(taskId),
  };
}

function emptyReport(taskId: string): TaskReport {
  return { taskId, state: 'unknown', error: '', done: 0, total: 0, snapshotPath: '', files: {} };
}

function partCount(task: BackendTask): number {
  return task.kind === 'upload' || task.kind === 'download' ? task.parts.length : 1;
}

async function runTask(task: BackendTask, report: TaskReport, ports: Ports): Promise<void> {
  switch (task.kind) {
    case 'snapshot': {
      const made = ports.storage.makeSnapshot(task.tabletId, task.version, task.timeoutSeconds);
      // Held back only now: a table that is dropped meanwhile is in the recycle bin of the real thing, tablets and all.
      await delay('snapshot-delay', String(task.tabletId), ports);
      report.snapshotPath = made.path;
      report.files[task.tabletId] = made.files;
      return;
    }
    case 'upload':
      for (const part of task.parts) {
        await delay('upload-delay', part.remotePath, ports);
        report.files[part.tabletId] = await upload(part, ports.stores.of(task), ports.storage);
        report.done++;
      }
      return;
    case 'download':
      for (const part of task.parts) {
        await delay('upload-delay', part.remotePath, ports);
        await download(part, ports.stores.of(task));
        report.done++;
      }
      return;
    case 'move': {
      const rowsets = readSnapshot(task.snapshotPath);
      const schema = ports.storage.schema(task.tabletId);
      // The files stay, as links do in the real thing: another leader sends the same again.
      ports.storage.replaceRowsets(schema, rowsets);
      return;
    }
    default:
      task satisfies never;
  }
}

async function delay(kind: FaultKind, text: string, { faults, pace }: Ports): Promise<void> {
  const rule = faults.strike(kind, text);
  if (rule?.ms) await sleep(pace.ms(rule.ms));
}

/** Every file of the snapshot goes up under its name and the MD5 of its content. */
async function upload(
  { snapshotPath, remotePath }: UploadPart,
  store: ObjectStore,
  storage: Storage,
): Promise<string[]> {
  const tabletId = Number(dirname(snapshotPath).split('/').at(-1));
  const names = ['tablet.hdr', ...readSnapshot(snapshotPath).map(({ version }) => `${version}.dat`)];
  if (!storage.roots.some((root) => snapshotPath.startsWith(root)))
    throw new Error(`invalid snapshot path of tablet ${tabletId}`);
  const written: string[] = [];
  for (const name of names) {
    const content = readFileSync(join(snapshotPath, name));
    const remoteName = `${name}.${md5(content)}`;
    await store.write(`${remotePath}/${remoteName}`, content);
    written.push(remoteName);
  }
  return written;
}

type UploadPart = { tabletId: number; snapshotPath: string; remotePath: string };
type DownloadPart = { tabletId: number; remotePath: string; snapshotPath: string };

/** What lies below the tablet's place in the store, whatever it is: the manifest does not name the files. */
async function download({ remotePath, snapshotPath }: DownloadPart, store: ObjectStore): Promise<void> {
  rmSync(snapshotPath, { recursive: true, force: true });
  mkdirSync(snapshotPath, { recursive: true });
  const files = await store.list(remotePath);
  if (!files.some((name) => splitChecksum(name)?.name === 'tablet.hdr'))
    throw new Error(`no header file in remote path: ${remotePath}`);
  for (const remoteName of files) {
    const parts = splitChecksum(remoteName);
    if (!parts) throw new Error(`invalid remote file: ${remoteName}`);
    const content = await store.read(`${remotePath}/${remoteName}`);
    if (content === null) throw new Error(`file not found: ${remotePath}/${remoteName}`);
    if (md5(content) !== parts.checksum) throw new Error(`invalid md5 of downloaded file: ${remoteName}`);
    writeFileSync(join(snapshotPath, parts.name), content);
  }
}
