/** One sample of a metrics page. */
export type MetricSample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

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

/**
 * HTTP to StarRocks nodes. A node that is down or answers nonsense throws `AppError` `HTTP_FAILED` (retryable);
 * `TIMEOUT` and `CANCELED` as everywhere.
 */
export interface NodeHttp {
  /** `GET /api/health`: true for HTTP 200. A frontend that is exiting gracefully answers 500: false. */
  health(node: NodeAddress, call?: HttpCall): Promise<boolean>;
  frontendHa(node: NodeAddress, call?: HttpCall): Promise<FrontendHa>;
  /** `GET /metrics`, parsed. */
  metrics(node: NodeAddress, call?: HttpCall): Promise<readonly MetricSample[]>;
}
