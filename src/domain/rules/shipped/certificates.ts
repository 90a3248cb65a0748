import { familyOf } from './build.ts';

const daysLeft = { kind: 'METRIC', metric: 'certificate_days_left', of: 'EACH', compare: 'BELOW' } as const;

/** Nothing hides them: a certificate that expires makes a cluster unreachable, and that alert must not hide why. */
export const certificateRules = familyOf('certificates', [
  {
    name: 'certificate_expires_soon',
    title: 'The certificate of {endpoint} expires soon',
    pastTitle: 'The certificate of {endpoint} was about to expire',
    on: { ...daysLeft, threshold: 14, clear: 14, upTo: 'certificate_nearly_expired' },
    forMs: 0,
    severity: 'HIGH',
    isNeverHidden: true,
    means: 'Once it has expired, whoever verifies it gets no connection, Starwarden too.',
    todo: 'Have it renewed and put in place; a frontend reads its keystore when it starts, so plan a rolling restart (/sr rolling-restart).',
  },
  {
    name: 'certificate_nearly_expired',
    title: 'The certificate of {endpoint} has expired or is about to',
    pastTitle: 'The certificate of {endpoint} had expired or was about to',
    on: { ...daysLeft, threshold: 3, clear: 3 },
    forMs: 0,
    severity: 'CRITICAL',
    isNeverHidden: true,
    means:
      'Once it has expired, whoever verifies it gets no connection: clients of the cluster and Starwarden, or backups and restores.',
    todo: 'Renew it now and put it in place; a frontend reads its keystore when it starts (/sr rolling-restart).',
  },
]);
