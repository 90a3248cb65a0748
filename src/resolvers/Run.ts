import { z } from 'zod';
import { isReceiptKept, isSettled, type Receipt, receiptNow, settledAt } from '../domain/receipt.ts';
import { isTerminal, type RunAction, type RunEvent, type Run as RunRow, type TerminalRunState } from '../domain/run.ts';
import { countProgress, stagesOf } from '../domain/run-stages.ts';
import { AppError } from '../errors.ts';
import { redactInput } from '../operations/input/secret-fields.ts';
import { allowedActions, lanesToLeaveOut, missingPermission } from '../runs/run-actions.ts';
import { type PageArguments, readConnection, sliceConnection } from './connection.ts';
import type { RequestContext } from './request-context.ts';

const maxEvents = 500;

export const Run = {
  title: (run: RunRow, _: unknown, { deps }: RequestContext) => deps.operations.get(run.operation)?.title ?? null,
  cluster: (run: RunRow, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(run.clusterId),
  input: (run: RunRow) => redactInput(run.input),
  steps: async (run: RunRow, page: PageArguments, { loaders }: RequestContext) =>
    sliceConnection(await loaders.stepsOfRun.load(run.id), {
      ...page,
      name: 'steps',
      placeOf: (step) => step.position,
    }),
  stages: async (run: RunRow, _: unknown, { loaders }: RequestContext) =>
    stagesOf(await loaders.stepsOfRun.load(run.id)),
  progress: async (run: RunRow, _: unknown, { loaders }: RequestContext) => {
    if (run.startedAt === null) return run.progress;
    const { completed, total } = countProgress(await loaders.stepsOfRun.load(run.id));
    const message = isTerminal(run.state) ? endWords[run.state] : run.progress?.message;
    return { completed, total, message: message ?? run.plan.summary };
  },
  requestedBy: (run: RunRow) => ({ id: run.requestedById, name: run.requestedByName }),
  requestedVia: (run: RunRow) => run.via,
  approval: (run: RunRow, _: unknown, { loaders }: RequestContext) => loaders.approvalOfRun.load(run.id),
  blockedBy: (run: RunRow, _: unknown, { loaders }: RequestContext) =>
    run.blockedBy === null ? null : loaders.run.load(run.blockedBy),
  retryOf: (run: RunRow, _: unknown, { loaders }: RequestContext) =>
    run.retryOf === null ? null : loaders.run.load(run.retryOf),
  // A run that is retried or undone goes on after it had ended: then it has no end.
  finishedAt: (run: RunRow) => (isTerminal(run.state) ? run.finishedAt : null),
  receipt: async (run: RunRow, _: unknown, { deps, loaders }: RequestContext): Promise<ReceiptOfRun | null> => {
    const now = deps.engine.now();
    if (!isReceiptKept(run, now)) return null;
    const receipt = await loaders.receiptOfRun.load(run.id);
    return receipt === null ? null : { receipt, run, now };
  },
  temporaryChanges: (run: RunRow, _: unknown, { loaders }: RequestContext) => loaders.changesOfRun.load(run.id),
  events: (
    run: RunRow,
    args: { afterSequence?: number | null; first?: number | null },
    { loaders }: RequestContext,
  ) => {
    const limit = args.first ?? 50;
    if (limit < 1 || limit > maxEvents)
      throw new AppError('BAD_USER_INPUT', `first is 1 to ${maxEvents}`, {
        hint: 'Ask for the rest with afterSequence.',
        path: ['first'],
      });
    return loaders.eventsOfRun({ afterSequence: args.afterSequence ?? 0, limit }).load(run.id);
  },
  eventLog: (run: RunRow, page: PageArguments, { loaders }: RequestContext) =>
    readConnection<RunEvent, { sequence: number }>(page, {
      name: 'events',
      key: z.object({ sequence: z.int() }),
      keyOf: ({ sequence }) => ({ sequence }),
      maxLength: maxEvents,
      read: ({ limit, after, before = null, backward = false }) =>
        loaders
          .eventsOfRun({
            afterSequence: after?.sequence ?? 0,
            limit,
            ...(before === null ? {} : { beforeSequence: before.sequence }),
            ...(backward ? { backward } : {}),
          })
          .load(run.id),
      count: async () => (await loaders.eventCountOfRun.load(run.id))?.count ?? 0,
    }),
  allowedActions: async (run: RunRow, _: unknown, { deps, loaders, actor }: RequestContext) => {
    const steps = await loaders.stepsOfRun.load(run.id);
    const operation = deps.operations.get(run.operation);
    const consent = {
      approval: await loaders.approvalOfRun.load(run.id),
      now: new Date(),
      approvalEnvironments: deps.engine.approvalEnvironments,
    };
    return allowedActions(run, operation, steps, consent).filter(
      (action) =>
        missingPermission(actor, run, { action, operation }) === null &&
        !(isVote(action) && actor.id === run.requestedById),
    );
  },
  canGoOnWithout: async (run: RunRow, _: unknown, { deps, loaders }: RequestContext) =>
    lanesToLeaveOut(run, deps.operations.get(run.operation), await loaders.stepsOfRun.load(run.id), {
      approval: await loaders.approvalOfRun.load(run.id),
      now: new Date(),
      approvalEnvironments: deps.engine.approvalEnvironments,
    }),
};

type ReceiptOfRun = { readonly receipt: Receipt; readonly run: RunRow; readonly now: Date };

export const RunReceipt = {
  hidden: ({ receipt }: ReceiptOfRun) => receipt.hidden,
  cleared: ({ receipt }: ReceiptOfRun) => receipt.cleared,
  open: ({ receipt }: ReceiptOfRun) => receipt.open.length + receipt.openUnseen,
  openAlerts: async ({ receipt }: ReceiptOfRun, _: unknown, { loaders }: RequestContext) =>
    (await Promise.all(receipt.open.map(({ id }) => loaders.alert.load(id)))).filter((alert) => alert !== null),
  stillHidden: ({ receipt }: ReceiptOfRun) => receipt.stillHidden,
  unknown: ({ receipt }: ReceiptOfRun) => receipt.unknown,
  settledAt: ({ run }: ReceiptOfRun) => settledAt(run),
  isFinal: ({ run, now }: ReceiptOfRun) => isSettled(run, now),
  summary: ({ receipt, run, now }: ReceiptOfRun) => receiptNow(receipt, run, now),
};

/** What is shown as progress of a run that has ended. */
const endWords: Record<TerminalRunState, string> = {
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  CANCELED: 'Cancelled',
  UNDONE: 'Undone',
  REJECTED: 'Denied',
  EXPIRED: 'Nobody approved in time',
};

function isVote(action: RunAction): boolean {
  return action === 'APPROVE' || action === 'REJECT';
}
