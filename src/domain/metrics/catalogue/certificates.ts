import type { Metric } from './build.ts';

export const certificateMetrics: readonly Metric[] = [
  {
    name: 'certificate_days_left',
    title: 'Certificate, days left',
    meaning:
      'Days until the certificate ends that an endpoint shows, below 0 once it has ended. Of the query ports of a cluster that Starwarden asks over TLS, and of the https endpoints that its repositories name; only the certificate of the endpoint itself counts, not those of who issued it.',
    unit: 'DAYS',
    scope: 'ENDPOINT',
    source: { kind: 'FACT', fact: 'certificate_ends_at', endOf: 'The certificate' },
    overall: 'MIN',
    isWorseLow: true,
    documented: 'RFC 5280, 4.1.2.5 (notAfter)',
  },
];
