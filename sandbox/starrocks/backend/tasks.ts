import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendTask, TaskReport } from '../contracts.ts';
import type { Faults } from '../faults.ts';
import { md5, type ObjectStore, splitChecksum } from '../object-store.ts';
import type { Pace } from '../pace.ts';
import { readSnapshot, type Storage } from './storage.ts';

/** The snapshot, upload, download and move work of a backend. It lives in memory: a restart loses it. */
export type Tasks = {
  start(task: BackendTask): void;
  report(taskId: string): TaskReport;
};

type Ports = { storage: Storage; objectStore: ObjectStore; faults: Faults; pace: Pace };

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
      report.snapshotPath = made.path;
      report.files[task.tabletId] = made.files;
      return;
    }
    case 'upload':
      for (const part of task.parts) {
        await delay(part.remotePath, ports);
        report.files[part.tabletId] = upload(part.snapshotPath, part.remotePath, ports);
        report.done++;
      }
      return;
    case 'download':
      for (const part of task.parts) {
        await delay(part.remotePath, ports);
        download(part, ports);
        report.done++;
      }
      return;
    case 'move': {
      const rowsets = readSnapshot(task.snapshotPath);
      const schema = ports.storage.schema(task.tabletId);
      ports.storage.replaceRowsets(schema, rowsets);
      rmSync(dirname(dirname(task.snapshotPath)), { recursive: true, force: true });
      return;
    }
    default:
      task satisfies never;
  }
}

async function delay(remotePath: string, { faults, pace }: Ports): Promise<void> {
  const rule = faults.strike('upload-delay', remotePath);
  if (rule?.ms) await sleep(pace.ms(rule.ms));
}

/** Every file of the snapshot goes up under its name and the MD5 of its content. */
function upload(snapshotPath: string, remotePath: string, { objectStore, storage }: Ports): string[] {
  const tabletId = Number(dirname(snapshotPath).split('/').at(-1));
  const names = ['tablet.hdr', ...readSnapshot(snapshotPath).map(({ version }) => `${version}.dat`)];
  if (!storage.roots.some((root) => snapshotPath.startsWith(root)))
    throw new Error(`invalid snapshot path of tablet ${tabletId}`);
  return names.map((name) => {
    const file = join(snapshotPath, name);
    const remoteName = `${name}.${md5(readFileSync(file))}`;
    objectStore.copyIn(file, `${remotePath}/${remoteName}`);
    return remoteName;
  });
}

type DownloadPart = { tabletId: number; remotePath: string; files: string[]; snapshotPath: string };

function download({ remotePath, files, snapshotPath }: DownloadPart, { objectStore }: Ports): void {
  rmSync(snapshotPath, { recursive: true, force: true });
  mkdirSync(snapshotPath, { recursive: true });
  for (const remoteName of files) {
    const parts = splitChecksum(remoteName);
    if (!parts) throw new Error(`invalid remote file: ${remoteName}`);
    const file = join(snapshotPath, parts.name);
    objectStore.copyOut(`${remotePath}/${remoteName}`, file);
    if (md5(readFileSync(file)) !== parts.checksum) throw new Error(`invalid md5 of downloaded file: ${remoteName}`);
  }
}
