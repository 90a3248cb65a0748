import type { AnyOperation } from '../../operations/define.ts';
import type { BotCommand } from '../bot.ts';
import { alertDecisionCommands } from './alert-decisions.ts';
import { backups } from './backups.ts';
import { calendarCommands } from './calendar.ts';
import { alertCommands, runCommands } from './control.ts';
import { digest } from './digest.ts';
import { graph } from './graph.ts';
import { help, link, whoami } from './identity.ts';
import { noise } from './noise.ts';
import { onCallCommands } from './on-call.ts';
import { operationCommands } from './operation.ts';
import { alerts, clusters, run, runs, status } from './reads.ts';
import { repositories } from './repositories.ts';
import { retention } from './retention.ts';
import { rule, rules } from './rules.ts';
import { scheduleCommands } from './schedules.ts';
import { silenceCommands } from './silences.ts';
import { disks, tablets } from './tablets.ts';
import { tokens } from './tokens.ts';
import { why, whyNot } from './why.ts';

/** Every verb there is: our own, and those of the operations. Throws when two have the same name. */
export function allCommands(operations: ReadonlyMap<string, AnyOperation>): readonly BotCommand[] {
  const all = [
    help,
    status,
    clusters,
    runs,
    run,
    ...operationCommands(operations),
    ...runCommands,
    backups,
    repositories,
    tablets,
    disks,
    graph,
    alerts,
    digest,
    rules,
    rule,
    noise,
    why,
    whyNot,
    ...alertCommands,
    ...alertDecisionCommands,
    ...silenceCommands,
    ...onCallCommands,
    ...calendarCommands,
    ...scheduleCommands,
    retention,
    whoami,
    link,
    tokens,
  ];
  const twice = all.find((command, index) => all.findIndex((other) => other.spec.verb === command.spec.verb) !== index);
  if (twice !== undefined) throw new Error(`two commands are called ${twice.spec.verb}`);
  return all;
}
