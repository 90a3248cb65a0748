import type { MetricSample, MetricsPage } from './metrics-page.ts';
import type { Families } from './page-families.ts';

export type HttpCall = {
  /** Milliseconds for the whole call. Default 3,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

export type NodeAddress = { readonly host: string; readonly httpPort: number };

/** What `GET /api/show_meta_info?action=SHOW_HA` of a frontend says; a way to find the leader that needs no login. */
export type FrontendHa = {
  readonly role: string;
  readonly leader: string | null;
  readonly isReady: boolean;
  readonly journalId: number;
  /**
   * The journal entry that this frontend's newest image holds; 0 or below = it has no image yet, null = the answer did
   * not say.
   */
  readonly checkpointJournalId: number | null;
  readonly checkpointAt: Date | null;
};

/** Which page is wanted of a node. */
export type ScrapeOrder = {
  /** Made once with `wantFamilies`, for all nodes. */
  readonly families: Families;
  /** More than this is no page of metrics. Default 16 MiB. */
  readonly maxBytes?: number;
};

/**
 * Why a node gave no page.
 *
 * - `REFUSED`: it answered with another status than 200; a frontend that drains answers 500.
 * - `UNREACHABLE`: no answer came. `TOO_SLOW`: the page was not there in time, whatever had come of it by then.
 * - `TOO_LARGE`: more bytes than allowed. `NO_METRICS`: what came is no page of metrics, or empty: the frontend has only
 *   just begun to start.
 */
export type NoPageReason = 'REFUSED' | 'UNREACHABLE' | 'TOO_SLOW' | 'TOO_LARGE' | 'NO_METRICS';

export type ScrapeCost = {
  /** Bytes of the page that came. */
  readonly bytes: number;
  /** Milliseconds from the request to the end, without the wait for a place. */
  readonly tookMs: number;
};

export type Scrape = ScrapeCost &
  (
    | ({ readonly kind: 'PAGE' } & MetricsPage)
    | {
        readonly kind: 'NO_PAGE';
        readonly reason: NoPageReason;
        /** null = it did not come to an answer. */
        readonly status: number | null;
        readonly message: string;
      }
  );

/**
 * HTTP to StarRocks nodes. A node that is down or answers nonsense throws `AppError` `HTTP_FAILED` (retryable);
 * `TIMEOUT` and `CANCELED` as everywhere.
 */
export interface NodeHttp {
  /** `GET /api/health`: true for HTTP 200. A frontend that is exiting gracefully answers 500: false. */
  health(node: NodeAddress, call?: HttpCall): Promise<boolean>;
  frontendHa(node: NodeAddress, call?: HttpCall): Promise<FrontendHa>;
  /** The whole `GET /metrics`, parsed; a page that breaks off throws. */
  metrics(node: NodeAddress, call?: HttpCall): Promise<readonly MetricSample[]>;
  /**
   * The wanted families of `GET /metrics`, for looks at very many nodes: connections are kept open, and a page is read
   * while it comes. A node that is down or slow is a result and delays no other one. Throws `CANCELED`, and
   * `INVALID_INPUT` for what is no address.
   */
  scrape(node: NodeAddress, order: ScrapeOrder, call?: HttpCall): Promise<Scrape>;
}
