import { type Actor, canSomewhere } from '../../domain/access.ts';
import { approvalsRequired, needsConfirmation } from '../../domain/approval.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Run } from '../../domain/run.ts';
import type { UserError } from '../../errors.ts';
import type { AnyOperation } from '../../operations/define.ts';
import { submit } from '../../runs/submit.ts';
import { ensureCard } from '../../store/slack/slack-cards.ts';
import { insertDraft, type SlackDraft } from '../../store/slack/slack-drafts.ts';
import type { Ask, Bot, BotCommand } from '../bot.ts';
import { resolveReferences } from '../resolve.ts';
import { notice } from '../views/notices.ts';
import { preview } from '../views/preview.ts';
import { refusalNotice } from '../views/refusals.ts';
import { type Message, safe } from '../views/text.ts';
import { type ParsedCommand, usageOf } from './grammar.ts';
import { type OperationCommand, operationCommand } from './operation-command.ts';
import { printCommand } from './print-command.ts';

/** The commands of all operations that have one, made from their definitions. */
export function operationCommands(operations: ReadonlyMap<string, AnyOperation>): readonly BotCommand[] {
  return [...operations.values()].flatMap((operation) => {
    const command = operationCommand(operation);
    return command === null ? [] : [toBotCommand(command)];
  });
}

function toBotCommand(command: OperationCommand): BotCommand {
  const { operation, slack, spec } = command;
  return {
    spec,
    summary: operation.summary,
    examples: slack.examples,
    waiting: `Planning: ${operation.title}…`,
    isAllowed: (actor) => canSomewhere(actor, operation.permission),
    access: 'linked',
    run: (bot, call) => askOperation(bot, command, call),
  };
}

/**
 * Small operations start at once. An operation that affects service is shown first and started by a button, unless the
 * plan that was seen is named with `--plan` (and the cluster with `--confirm` where that is required).
 */
async function askOperation(
  bot: Bot,
  known: OperationCommand,
  { ask, command, actor }: { ask: Ask; command: ParsedCommand; actor: Actor },
): Promise<Message> {
  const { operation } = known;
  const { input, cluster } = await resolveReferences(bot.db, actor, known.read(command));
  const options = optionsOf(command);
  const { name: clusterName, environment } = cluster ?? clusterToBe(operation, input);
  const isSmall = operation.risk === 'read' || operation.risk === 'low';
  const isAgreed = options.planHash !== null && (!needsConfirmation(operation.risk) || options.confirm !== null);
  const refused: Refused = (errors) =>
    refusalNotice(errors, { usage: usageOf(known.spec), again: (checks) => acceptLine(known, command, checks) });
  if (!options.dryRun && (isSmall || isAgreed))
    return startOperation(bot, { ask, actor, operation, input, ...options, refused });

  const dry = await submit(bot.engine, {
    operation: operation.name,
    input,
    actor,
    options: { dryRun: true, reason: options.reason },
    requestId: ask.id,
  });
  if (dry.plan === null || dry.replayed) return refused(dry.userErrors);
  const draft: Omit<SlackDraft, 'state' | 'runId'> = {
    id: ask.id,
    team: ask.team,
    user: ask.user,
    channel: ask.channel,
    operation: operation.name,
    input,
    planHash: dry.plan.hash,
    clusterName,
    confirm: options.confirm,
    reason: options.reason,
    line: ask.line,
  };
  if (!options.dryRun) await insertDraft(bot.db, draft);
  return preview({
    title: operation.title,
    clusterName,
    risk: operation.risk,
    plan: dry.plan,
    reason: options.reason,
    approvals: approvalsRequired(operation.risk, {
      environment,
      approvalEnvironments: bot.engine.approvalEnvironments,
    }),
    irreversible: irreversibleOf(operation, dry.plan),
    draftId: options.dryRun ? null : draft.id,
    asksForName: needsConfirmation(operation.risk) && options.confirm === null,
  });
}

const acceptFlag = 'accept-warnings';

/**
 * The command as it was typed, plus the acceptance of these warnings; null for operations that have no warnings to
 * accept.
 */
function acceptLine({ spec }: OperationCommand, command: ParsedCommand, checks: readonly string[]): string | null {
  if (!spec.flags.some((flag) => flag.name === acceptFlag && flag.isList)) return null;
  return printCommand(spec, command, new Map([[acceptFlag, checks]]));
}

/** How the refusals of `submit` are shown. */
type Refused = (errors: readonly UserError[]) => Message;

export type Start = {
  ask: Ask;
  actor: Actor;
  operation: AnyOperation;
  input: JsonObject;
  planHash: string | null;
  confirm: string | null;
  reason: string | null;
  refused: Refused;
  /** Two requests with the same key are one run. Default: the request itself. */
  key?: string;
};

/** Starts the operation through `submit`. */
async function startOperation(bot: Bot, start: Start): Promise<Message> {
  const started = await submitStart(bot, start);
  return 'message' in started ? started.message : startedNotice(started.run, started.replayed);
}

export async function submitStart(
  bot: Bot,
  { ask, actor, operation, input, planHash, confirm, reason, refused, key }: Start,
): Promise<{ run: Run; replayed: boolean } | { message: Message }> {
  const result = await submit(bot.engine, {
    operation: operation.name,
    input,
    actor,
    options: { reason, planHash, confirm, idempotencyKey: key ?? ask.id },
    requestId: ask.id,
  });
  if (result.run === null) return { message: refused(result.userErrors) };
  const channel = ask.channel ?? bot.settings.runChannel ?? ask.user;
  await ensureCard(bot.db, { kind: 'RUN', subjectId: result.run.id, channel });
  bot.wakeCards();
  return { run: result.run, replayed: result.replayed };
}

export function startedNotice(run: Run, replayed: boolean): Message {
  if (replayed)
    return notice(
      `That is R-${run.number} already; it is *${run.state.replace('_', ' ')}*. Nothing was started twice.`,
    );
  const next =
    run.state === 'AWAITING_APPROVAL'
      ? 'It waits for approval by somebody else.'
      : 'Its message in the channel shows how it goes.';
  return notice(`R-${run.number} is on its way: ${safe(run.plan.summary, 300)}. ${next}`);
}

function optionsOf(command: ParsedCommand) {
  const flag = (name: string) => command.flags.get(name)?.[0] ?? null;
  return {
    dryRun: command.flags.has('dry-run'),
    reason: flag('reason'),
    confirm: flag('confirm'),
    planHash: flag('plan'),
  };
}

/** The steps that cannot be undone, with the reason that their kinds give; one entry where many steps give the same. */
function irreversibleOf(operation: AnyOperation, plan: Plan): readonly string[] {
  const found = plan.steps.flatMap(({ kind, title }) => {
    const reason = operation.steps.find((known) => known.kind === kind)?.undoImpossible;
    return reason === null || reason === undefined ? [] : [{ title, reason }];
  });
  return [...Map.groupBy(found, ({ reason }) => reason)].map(([reason, alike]) => {
    const [first] = alike;
    return `${first?.title ?? ''}${alike.length === 1 ? '' : `, and ${alike.length - 1} more like it`}: ${reason}`;
  });
}

/** The new cluster, as far as the command names it: what is left out is filled in with the plan, or refused there. */
function clusterToBe({ target }: AnyOperation, input: JsonObject): { name: string; environment: string } {
  if (target.kind !== 'new-cluster') return { name: '', environment: '' };
  const said = (field: string) => String(input[field] ?? '');
  return { name: said(target.name), environment: said(target.environment) };
}
