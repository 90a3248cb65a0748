import { readFileSync } from 'node:fs';
import type { Conf } from '../conf.ts';
import type { Release } from '../release.ts';

export type ConfigItem = {
  key: string;
  aliases: string[];
  value: string;
  /** A Java type: boolean, int, long, short, double, String, or an array of one. */
  type: string;
  mutable: boolean;
  comment: string;
};

/** The settings of one frontend process as ADMIN SHOW FRONTEND CONFIG prints them. */
export type FrontendConfig = {
  items(): ConfigItem[];
  get(key: string): string;
  number(key: string): number;
  flag(key: string): boolean;
  /** Null when it took the value, else the words of the refusal. */
  set(key: string, value: string): string | null;
};

/** Where the stand-in is not the machine that was recorded. */
const sandboxDefaults = new Map([['enable_statistic_collect', 'true']]);

const comments = new Map([
  ['tablet_sched_max_scheduling_tablets', 'the max number of tablets being scheduled'],
  ['tablet_sched_max_balancing_tablets', 'the max number of balancing tablets'],
]);

/**
 * All keys of a frontend of June 2025 with their values, types and whether they can be changed, as ADMIN SHOW FRONTEND
 * CONFIG listed them. Other releases have fewer and more; what they are needed for here is the same in all.
 */
const rows = readFileSync(new URL('./frontend-config.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map(parseRow);

function parseRow(line: string): ConfigItem {
  const [key = '', aliases = '', value = '', type = '', mutable = ''] = line.split('\t');
  const names = aliases.slice(1, -1).split(', ');
  return {
    key,
    aliases: names.filter((name) => name !== ''),
    value: sandboxDefaults.get(key) ?? value,
    type,
    mutable: mutable === 'true',
    comment: comments.get(key) ?? '',
  };
}

/** The defaults of the release, and over them what fe.conf says (its keys may be aliases). */
export function createFrontendConfig(conf: Conf, release: Release): FrontendConfig {
  const items = rows.map((row): ConfigItem => {
    const written = [row.key, ...row.aliases].map((name) => conf.get(name)).find((text) => text !== undefined);
    return { ...row, value: written ?? releaseDefault(row.key, release) ?? row.value };
  });
  // Asked for hundreds of times a second, by all that goes on for the life of the process.
  const byName = new Map<string, ConfigItem>();
  for (const item of items)
    for (const name of [item.key, ...item.aliases]) if (!byName.has(name)) byName.set(name, item);
  const find = (key: string) => byName.get(key);
  const get = (key: string) => {
    const item = find(key);
    if (!item) throw new Error(`no such frontend config: ${key}`);
    return item.value;
  };
  return {
    items: () => items,
    get,
    number: (key) => Number(get(key)),
    flag: (key) => get(key) === 'true',
    set(key, value) {
      const item = find(key);
      if (!item?.mutable) return `Config '${key}' does not exist or is not mutable`;
      const shown = shownValue(value, item.type);
      if (shown === null) return `Failed to set config '${key}'. err: For input string: "${value}"`;
      item.value = shown;
      return null;
    },
  };
}

function releaseDefault(key: string, release: Release): string | null {
  if (key === 'mysql_server_version') return release.atLeast(3, 4) ? '8.0.33' : '5.1.0';
  if (key === 'enable_backup_materialized_view') return String(!release.atLeast(3, 3));
  return null;
}

const largest: Record<string, bigint> = { short: 2n ** 15n, int: 2n ** 31n, long: 2n ** 63n, Long: 2n ** 63n };

/** What a value reads as in its Java type, null when it does not. Whatever is not `true` is false for a boolean. */
function shownValue(value: string, type: string): string | null {
  const text = value.trim();
  if (type === 'boolean') return String(text.toLowerCase() === 'true');
  if (type === 'double') return text !== '' && Number.isFinite(Number(text)) ? text : null;
  const limit = largest[type];
  if (limit === undefined) return value;
  if (!/^[+-]?\d+$/.test(text)) return null;
  const number = BigInt(text.replace('+', ''));
  return number < limit && number >= -limit ? String(number) : null;
}
