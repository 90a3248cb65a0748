import { S3Refusal } from './refusal.ts';

/**
 * What goes wrong with a request. `match` is a regular expression on `<method> <path>` (path-style, decoded); `after` lets so many of
 * those requests through first, `times` is how often the rule strikes (for ever without it).
 */
export type S3Fault = {
  readonly kind:
    | 'key-expired'
    | 'access-denied'
    | 'bucket-full'
    | 'slow-down'
    | 'internal-error'
    /** The connection breaks before the request does anything. */
    | 'cut-before'
    /** The request takes effect, and the connection breaks before the answer. */
    | 'cut-after'
    /** Nothing is answered until the client gives up. */
    | 'silent'
    /** A GET announces its length and ends at half of it. */
    | 'half-answer';
  readonly match?: string;
  readonly after?: number;
  readonly times?: number;
};

/** The rules in force, which count what they let through and how often they struck. */
export type S3Faults = {
  add(fault: S3Fault): void;
  clear(): void;
  /** The rule that strikes this request, or null; to be asked once for each request. */
  strike(request: string): S3Fault | null;
};

export function createS3Faults(): S3Faults {
  let rules: { fault: S3Fault; seen: number }[] = [];
  return {
    add: (fault) => rules.push({ fault, seen: 0 }),
    clear: () => {
      rules = [];
    },
    strike: (request) => {
      for (const rule of rules) {
        const { match, after = 0, times = Number.POSITIVE_INFINITY } = rule.fault;
        if (match !== undefined && !new RegExp(match).test(request)) continue;
        rule.seen += 1;
        if (rule.seen > after && rule.seen <= after + times) return rule.fault;
      }
      return null;
    },
  };
}

/** The answer that a fault gives, or null for those that are no answer at all. A full bucket refuses what is new and nothing else. */
export function refusalOf({ kind }: S3Fault, method: string): S3Refusal | null {
  switch (kind) {
    case 'key-expired':
      return new S3Refusal(403, 'InvalidAccessKeyId', 'The Access Key Id you provided does not exist in our records.');
    case 'access-denied':
      return new S3Refusal(403, 'AccessDenied', 'Access Denied.');
    case 'bucket-full':
      return method === 'PUT' ? new S3Refusal(400, 'XMinioAdminBucketQuotaExceeded', 'Bucket quota exceeded') : null;
    case 'slow-down':
      return new S3Refusal(503, 'SlowDown', 'Please reduce your request rate.');
    case 'internal-error':
      return new S3Refusal(500, 'InternalError', 'We encountered an internal error, please try again.');
    default:
      return null;
  }
}
