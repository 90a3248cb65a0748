import type { Permission } from '../../domain/access.ts';
import { listHolders } from '../../store/reads/persons.ts';
import type { Bot } from '../bot.ts';
import { accountOf } from './escalation-content.ts';

const mostMentioned = 3;
const mostRead = 50;

/** Slack accounts of some who have a permission everywhere: those who have linked one, by name, three at most. */
export async function accountsOfHolders(bot: Bot, permission: Permission): Promise<readonly string[]> {
  const accounts = new Set<string>();
  for (const { id, name } of await listHolders(bot.db, { permission, limit: mostRead })) {
    const account = await accountOf(bot, id, name);
    if (account !== null) accounts.add(account);
    if (accounts.size === mostMentioned) break;
  }
  return [...accounts];
}
