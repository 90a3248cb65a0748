import { permissions, permissionTable, rolesWith, roleTable } from '../domain/access.ts';
import { errorTable, type Party } from '../errors.ts';
import type { AnyOperation } from '../operations/define.ts';
import { cell } from './print-reference.ts';

type Stops = (typeof errorTable)[keyof typeof errorTable]['stops'];

const places = {
  request: 'The caller cannot go on: `errors`',
  rule: 'The input, or a rule: `userErrors`; once the run exists, `Run.failure`',
  failure: 'Something failed on the way: `Run.failure`; `userErrors` when the cluster could not be read before',
} as const satisfies Record<Stops, string>;

const parties = {
  caller: 'who asked',
  approver: 'other people who may approve',
  operator: 'who looks after the cluster and its hosts',
  admin: 'who gives rights, passwords and keys',
  keeper: 'who runs Starwarden',
  nobody: 'nobody: it passes',
} as const satisfies Record<Party, string>;

/** The reference page of all error codes, in Markdown. Pure. */
export function printErrors(): string {
  const sections = Object.entries(places).map(([stops, place]) => {
    const rows = Object.entries(errorTable).filter(([, row]) => row.stops === stops);
    const lines = rows.map(([code, { means, acts }]) => `| \`${code}\` | ${cell(means)} | ${parties[acts]} |`);
    return [`## ${place}`, ['| code | meaning | who can act |', '| --- | --- | --- |', ...lines].join('\n')];
  });
  return page([
    '# Error codes',
    'Every error that can be explained has one of these codes, a sentence, mostly a hint, and says whether the same call may succeed later (`retryable`). New codes may be added.',
    ...sections.flat(),
  ]);
}

/** The reference page of roles and permissions, in Markdown. Pure. */
export function printAccess(operations: readonly AnyOperation[]): string {
  const roles = Object.entries(roleTable).map(([role, { means }]) => `| \`${role}\` | ${cell(means)} |`);
  const rows = permissions.map((permission) => {
    const needed = operations.filter((operation) => operation.permission === permission);
    return `| \`${permission}\` | ${cell(permissionTable[permission])} | ${rolesWith(permission).join(', ')} | ${needed.map(({ name }) => `\`${name}\``).join(', ')} |`;
  });
  return page([
    '# Roles and permissions',
    'A role holds everywhere, on all clusters with an environment label, or on one cluster; roles only add.',
    ['| role | what for |', '| --- | --- |', ...roles].join('\n'),
    ['| permission | allows to | roles | operations |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ]);
}

function page(parts: readonly string[]): string {
  return `${['<!-- Printed from the code by `npm run generate`; changes belong there. -->', ...parts].join('\n\n')}\n`;
}
