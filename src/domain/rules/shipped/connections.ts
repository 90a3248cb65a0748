import { familyOf, minute } from './build.ts';

export const connectionRules = familyOf('connections', [
  {
    name: 'connections_near_limit',
    title: '{node} has few connections left',
    pastTitle: '{node} had few connections left',
    on: {
      ...{ kind: 'METRIC', metric: 'connections_of_limit', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 0.85, clear: 0.75, tells: ['connections'] },
    },
    forMs: minute,
    severity: 'HIGH',
    means: 'At 100 % nobody else gets in there, Starwarden included.',
    todo: 'Look at who holds them (SHOW PROCESSLIST); end what sleeps, spread clients over the frontends, or raise qe_max_connection in fe.conf, which takes a restart.',
  },
  {
    name: 'user_connections_near_limit',
    title: 'The user {user} has few connections left',
    pastTitle: 'The user {user} had few connections left',
    on: {
      ...{ kind: 'METRIC', metric: 'user_connections_of_limit', of: 'EACH' },
      ...{ compare: 'ABOVE', threshold: 0.85, clear: 0.75, tells: ['user_connections'] },
    },
    forMs: minute,
    severity: 'MEDIUM',
    means: 'At 100 % a frontend refuses further connections of this user; all others are served.',
    todo: 'Look at the pool of the application, or raise max_user_connections of the user.',
  },
]);
