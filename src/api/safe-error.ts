import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';
import { AppError } from '../errors.ts';
import { maxTokens } from './limits/check-subscription.ts';
import { whatIsWrong } from './limits/variables.ts';

const internalMessage = 'Something went wrong in Starwarden itself; its log has more under the request id';

/** Codes that GraphQL's own machinery gives to mistakes of the caller. */
const callerCodes: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'QUERY_TOO_COMPLEX',
  'RATE_LIMITED',
  'UNAUTHENTICATED',
]);

const valueKinds: ReadonlySet<string> = new Set([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
  Kind.NULL,
]);

/** True when the error is not a mistake of the caller and was not foreseen: it belongs in the log. */
export function isUnexpected(error: unknown): boolean {
  const original = originalOf(error);
  if (original instanceof AppError) return original.code === 'INTERNAL_SERVER_ERROR';
  return !(original instanceof GraphQLError) || (!callerCodes.has(codeOf(original)) && !isArgumentError(original));
}

/**
 * An error as the caller may read it. An error that can be explained keeps its sentence; values from the request are
 * never repeated, because they may be secrets; every unexpected error becomes one fixed sentence.
 */
export function toSafeError(error: unknown, formatted: GraphQLFormattedError): GraphQLFormattedError {
  const place = {
    ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
    ...(formatted.path === undefined ? {} : { path: formatted.path }),
  };
  const original = originalOf(error);
  if (isUnexpected(error)) return { message: internalMessage, ...place, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  if (
    original instanceof GraphQLError &&
    /^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(original.message)
  ) {
    return {
      message: `A document has ${maxTokens} words and signs at most`,
      ...place,
      extensions: { code: 'BAD_USER_INPUT' },
    };
  }
  if (original instanceof AppError) {
    const { code, hint, retryable, path } = original;
    return {
      message: original.message,
      ...place,
      extensions: { code, hint, retryable, ...(path === null ? {} : { argument: path }) },
    };
  }
  if (!(original instanceof GraphQLError)) return { message: internalMessage, ...place };
  if (isArgumentError(original))
    return { message: argumentMessage(original), ...place, extensions: { code: 'BAD_USER_INPUT' } };
  return { message: withoutValues(original), ...place, extensions: withoutHttp(original) };
}

/** The error that a resolver threw, or the error itself. */
export function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError != null && !(error.originalError instanceof GraphQLError)
    ? error.originalError
    : error;
}

/**
 * Apollo Server gives one code to all validation errors, also to those of our own limits; the first error's own code
 * counts.
 */
function codeOf(error: GraphQLError): unknown {
  return (
    (error.originalError instanceof GraphQLError ? error.originalError.extensions.code : undefined) ??
    error.extensions.code
  );
}

/** Arguments that only turn out not to fit when they are used, e.g. null from a variable with a default. */
function isArgumentError(error: GraphQLError): boolean {
  return error.message.startsWith('Argument "');
}

function argumentMessage(error: GraphQLError): string {
  return `${/^Argument "\w{1,80}"/.exec(error.message)?.[0] ?? 'An argument'} has an impossible value`;
}

function withoutValues(error: GraphQLError): string {
  const [node] = error.nodes ?? [];
  if (error.message.startsWith('Syntax Error:')) {
    // "Unexpected Name "hunter2"": the token is a part of the request.
    return error.message.replace(/\b(Name|String|BlockString|Int|Float) "[\s\S]*"/, '$1');
  }
  return node !== undefined && valueKinds.has(node.kind) ? `A value ${whatIsWrong(error.message)}` : error.message;
}

function withoutHttp(error: GraphQLError): Record<string, unknown> {
  const { http: _http, stacktrace: _stacktrace, ...extensions } = error.extensions;
  return { ...extensions, code: codeOf(error) };
}
