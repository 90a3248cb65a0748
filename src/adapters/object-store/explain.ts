import { AppError, type ErrorCode, messageOf } from '../../errors.ts';

export type StoreAction = 'list' | 'read' | 'put' | 'remove';

/** What a failed request was about. */
export type StoreFailure = {
  readonly action: StoreAction;
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly redact: (text: string) => string;
  readonly now: Date;
};

/** The right of each action, by the name that AWS gives it and others took over. */
const rights = {
  list: 's3:ListBucket',
  read: 's3:GetObject',
  put: 's3:PutObject',
  remove: 's3:DeleteObject',
} as const satisfies Readonly<Record<StoreAction, string>>;

const words = { list: 'list', read: 'read', put: 'write', remove: 'remove' } as const;

/** How each of the answers is called; names that only one maker uses stand with the maker's. */
const byName: Readonly<Record<string, ErrorCode>> = {
  InvalidAccessKeyId: 'OBJECT_STORE_KEY_REFUSED',
  SignatureDoesNotMatch: 'OBJECT_STORE_KEY_REFUSED',
  ExpiredToken: 'OBJECT_STORE_KEY_REFUSED',
  InvalidToken: 'OBJECT_STORE_KEY_REFUSED',
  TokenRefreshRequired: 'OBJECT_STORE_KEY_REFUSED',
  NotSignedUp: 'OBJECT_STORE_KEY_REFUSED',
  InvalidSecurity: 'OBJECT_STORE_KEY_REFUSED',
  CredentialsProviderError: 'OBJECT_STORE_KEY_REFUSED',
  AuthorizationHeaderMalformed: 'OBJECT_STORE_REGION_WRONG',
  PermanentRedirect: 'OBJECT_STORE_REGION_WRONG',
  TemporaryRedirect: 'OBJECT_STORE_REGION_WRONG',
  Redirect: 'OBJECT_STORE_REGION_WRONG',
  IllegalLocationConstraintException: 'OBJECT_STORE_REGION_WRONG',
  // OSS, COS and OBS say this to a request in path style.
  SecondLevelDomainForbidden: 'OBJECT_STORE_ADDRESS_STYLE_WRONG',
  PathStyleDomainForbidden: 'OBJECT_STORE_ADDRESS_STYLE_WRONG',
  VirtualHostDomainRequired: 'OBJECT_STORE_ADDRESS_STYLE_WRONG',
  RequestTimeTooSkewed: 'OBJECT_STORE_CLOCK_SKEW',
  AccessDenied: 'OBJECT_STORE_RIGHT_MISSING',
  AllAccessDisabled: 'OBJECT_STORE_RIGHT_MISSING',
  AccountProblem: 'OBJECT_STORE_RIGHT_MISSING',
  Forbidden: 'OBJECT_STORE_RIGHT_MISSING',
  NoSuchBucket: 'OBJECT_STORE_BUCKET_MISSING',
  XMinioStorageFull: 'OBJECT_STORE_NO_ROOM',
  XMinioAdminBucketQuotaExceeded: 'OBJECT_STORE_NO_ROOM',
  QuotaExceeded: 'OBJECT_STORE_NO_ROOM',
  InsufficientStorage: 'OBJECT_STORE_NO_ROOM',
  SlowDown: 'OBJECT_STORE_BUSY',
  SlowDownRead: 'OBJECT_STORE_BUSY',
  SlowDownWrite: 'OBJECT_STORE_BUSY',
  ServiceUnavailable: 'OBJECT_STORE_BUSY',
  TooManyRequests: 'OBJECT_STORE_BUSY',
  RequestTimeout: 'OBJECT_STORE_BROKE_OFF',
  IncompleteBody: 'OBJECT_STORE_BROKE_OFF',
};

const byStatus: Readonly<Record<number, ErrorCode>> = {
  301: 'OBJECT_STORE_REGION_WRONG',
  307: 'OBJECT_STORE_REGION_WRONG',
  401: 'OBJECT_STORE_KEY_REFUSED',
  403: 'OBJECT_STORE_RIGHT_MISSING',
  429: 'OBJECT_STORE_BUSY',
  503: 'OBJECT_STORE_BUSY',
  507: 'OBJECT_STORE_NO_ROOM',
};

/** What an error of the client says, whatever its class. */
type Said = {
  readonly name: string;
  readonly text: string;
  readonly status: number | null;
  readonly code: string;
  readonly region: string | null;
  readonly date: string | null;
  /** The answer was no document that an S3 server sends. */
  readonly isUnreadable: boolean;
};

/** Why a request to the store failed. An `AppError` comes back as it is. */
export function explainStoreFailure(error: unknown, failure: StoreFailure): AppError {
  if (error instanceof AppError) return error;
  const said = readError(error, failure.redact);
  const code = codeOf(said, failure);
  const doing = `${failure.endpoint}: to ${words[failure.action]} in the bucket ${failure.bucket}`;
  const answer = said.text === '' || said.text === said.name ? said.name : `${said.name}: ${said.text}`;
  // The client's own error carries the request, with its headers and with the key that signed it.
  const cause = new Error(answer);
  const { message, hint, retryable = false } = sentence(code, { said, failure, doing, answer });
  return new AppError(code, message, { hint, retryable, cause });
}

type Sentence = { readonly message: string; readonly hint: string; readonly retryable?: boolean };

function sentence(
  code: ErrorCode,
  { said, failure, doing, answer }: { said: Said; failure: StoreFailure; doing: string; answer: string },
): Sentence {
  const { endpoint, bucket, region, pathStyle, action, now } = failure;
  switch (code) {
    case 'OBJECT_STORE_UNREACHABLE':
      return {
        message: `${endpoint} cannot be reached: ${answer}`,
        hint: isTls(said.code)
          ? 'Check http or https, and whether the certificate is for this name; a private authority is named in NODE_EXTRA_CA_CERTS.'
          : `Check the endpoint, and that the network lets Starwarden through to it${pathStyle ? '' : '; a store of your own usually wants path style'}.`,
        // A certificate does not become another one, and a wrong name no right one, in seconds.
        retryable: !isTls(said.code) && said.code !== 'ENOTFOUND',
      };
    case 'OBJECT_STORE_NOT_S3':
      return {
        message: `${endpoint} answers, but not as an S3 server does${said.status === null ? '' : ` (HTTP ${said.status})`}`,
        hint: 'Check the address and the port: the console of a store is another one than its S3 endpoint.',
      };
    case 'OBJECT_STORE_REGION_WRONG':
      return {
        message: `${doing} was refused in the region ${region}: ${answer}`,
        hint:
          said.region === null || said.region === region
            ? 'Give the region of the bucket, and its endpoint if there is one of its own.'
            : `The bucket is in ${said.region}.`,
      };
    case 'OBJECT_STORE_ADDRESS_STYLE_WRONG':
      return {
        message: pathStyle
          ? `${endpoint} does not take the bucket's name in the path: ${answer}`
          : `${bucket} in front of ${new URL(endpoint).host} is not found as a bucket there: ${answer}`,
        hint: pathStyle
          ? 'Switch path style off: the bucket then stands in front of the host.'
          : 'Switch path style on: the bucket then stands in the path.',
      };
    case 'OBJECT_STORE_KEY_REFUSED':
      return {
        message: `${endpoint} refuses the key: ${answer}`,
        hint:
          said.name === 'SignatureDoesNotMatch'
            ? 'The access key is known there, so the secret key is a wrong one.'
            : 'Check the access key: it may be misspelt, expired or deleted.',
      };
    case 'OBJECT_STORE_CLOCK_SKEW':
      return {
        message: `${endpoint} refuses the time of the request: it is ${now.toISOString()} here${said.date === null ? '' : `, and ${said.date} there`}`,
        hint: 'Set the clock of the machine that Starwarden runs on; more than 15 minutes are not accepted.',
      };
    case 'OBJECT_STORE_RIGHT_MISSING':
      return {
        message: `${doing} is not allowed with this key: ${answer}`,
        hint: `Allow ${rights[action]} for it on this bucket, and look for a rule that denies it.`,
      };
    case 'OBJECT_STORE_BUCKET_MISSING':
      return {
        message: `There is no bucket ${bucket} at ${endpoint}`,
        hint: 'Check its name and the endpoint; Starwarden makes no buckets.',
      };
    case 'OBJECT_STORE_NO_ROOM':
      return {
        message: `${doing} is refused for want of room: ${answer}`,
        hint: 'Raise the quota of the bucket, or remove what is not needed.',
      };
    case 'OBJECT_STORE_BUSY':
      return { message: `${doing} is put off: ${answer}`, hint: 'It passes when fewer ask.', retryable: true };
    case 'OBJECT_STORE_BROKE_OFF':
      return {
        message: `${doing} broke off: ${answer}`,
        hint: 'Look at the network between Starwarden and the store, and at what stands in between.',
        retryable: true,
      };
    case 'NOT_FOUND':
      return { message: `${doing}: there is no such object`, hint: 'It may have been removed.' };
    default:
      return {
        message: `${doing} failed: ${answer}${said.status === null ? '' : ` (HTTP ${said.status})`}`,
        hint: 'Look into the log of the store.',
        retryable: said.status !== null && said.status >= 500 && said.status !== 501,
      };
  }
}

function codeOf(said: Said, { endpoint, bucket, pathStyle }: StoreFailure): ErrorCode {
  if (said.status === null || said.code !== '') {
    const isOfBucket = !pathStyle && said.text.includes(`${bucket}.${new URL(endpoint).hostname}`);
    if (isOfBucket && (said.code === 'ENOTFOUND' || said.code === 'ERR_TLS_CERT_ALTNAME_INVALID'))
      return 'OBJECT_STORE_ADDRESS_STYLE_WRONG';
    if (said.code.startsWith('HPE_')) return 'OBJECT_STORE_NOT_S3';
    if (said.status === null && (isTls(said.code) || /^E[A-Z]+(_[A-Z]+)?$/.test(said.code)))
      return 'OBJECT_STORE_UNREACHABLE';
  }
  if (said.name === 'NoSuchKey') return 'NOT_FOUND';
  const named = byName[said.name];
  // The same name stands for a header that is wrong in other ways; only with a region it is about the region.
  if (said.name === 'AuthorizationHeaderMalformed' && said.region === null) return 'OBJECT_STORE_KEY_REFUSED';
  if (named !== undefined) return named;
  if (said.isUnreadable) return 'OBJECT_STORE_NOT_S3';
  return (said.status === null ? undefined : byStatus[said.status]) ?? 'OBJECT_STORE_FAILED';
}

function readError(error: unknown, redact: (text: string) => string): Said {
  const fields: Readonly<Record<string, unknown>> = isRecord(error) ? error : {};
  const metadata = isRecord(fields.$metadata) ? fields.$metadata : {};
  const response = isRecord(fields.$response) ? fields.$response : {};
  const headers = isRecord(response.headers) ? response.headers : {};
  const status = number(metadata.httpStatusCode) ?? number(response.statusCode);
  const name = text(fields.Code) ?? text(fields.name) ?? 'Error';
  return {
    name: redact(name).slice(0, 100),
    text: redact(messageOf(error)).slice(0, 500),
    status,
    code: text(fields.code) ?? '',
    region: text(fields.Region) ?? text(headers['x-amz-bucket-region']),
    date: text(fields.ServerTime) ?? text(headers.date),
    isUnreadable: isUnreadable({ fields, headers, name, status }),
  };
}

/** An answer that is no XML: of a web page, of a proxy, of a console. */
function isUnreadable(answer: {
  fields: Readonly<Record<string, unknown>>;
  headers: Readonly<Record<string, unknown>>;
  name: string;
  status: number | null;
}): boolean {
  if (answer.status === null) return false;
  const type = text(answer.headers['content-type']) ?? '';
  return /html|json|text\/plain/.test(type) || (answer.status < 300 && answer.name !== 'AppError');
}

function isTls(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(code);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
