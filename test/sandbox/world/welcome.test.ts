import { expect, it } from 'vitest';
import type { WorldDescription } from '../../../sandbox/world/describe.ts';
import { welcome } from '../../../sandbox/world/welcome.ts';

const described: WorldDescription = {
  dir: '/w',
  graphqlUrl: 'http://127.0.0.1:1/graphql',
  token: 'swt_x',
  tokens: null,
  slack: null,
  cluster: {
    ...{ name: 'demo', version: '3.3.15', frontends: [], backends: [], computeNodes: [], sqlUser: 'starwarden' },
    ...{ sqlPassword: 'p', database: 'sales', tables: [], repository: 'backups', repositoryLocation: null },
    objectStoreDir: '/w/object-store',
  },
  hosts: [],
  logs: { statements: '/w/s', commands: '/w/c', slackCalls: '/w/l' },
  faults: { file: '/w/f' },
  releases: [],
  archivesUrl: 'http://127.0.0.1:2',
};

it.each([
  [described, false, /^cluster +not registered with this Starwarden: .*--register$/m],
  [described, true, /^cluster +demo is registered, its hosts are attached$/m],
])('says whether the cluster is registered, and the token that GraphQL wants', (world, register, line) => {
  expect(welcome(world, { register })).toMatch(line);
  expect(welcome(world, { register })).toContain('http://127.0.0.1:1/graphql   token swt_x');
});

it('speaks of no cluster in a Starwarden that is not there', () => {
  expect(welcome({ ...described, graphqlUrl: null, token: null }, { register: false })).not.toContain('registered');
});
