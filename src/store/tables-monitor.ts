import type { Generated } from 'kysely';

/** What the monitor keeps. */
export type MonitorTables = {
  probe: {
    cluster_id: string;
    /** When the next look is due. */
    due_at: Date;
    owner: string | null;
    /** Grows with every claim, as the fence of a run's lease does. */
    fence: Generated<number>;
    claimed_until: Date | null;
    /** When the last look ended; null = there was none yet. */
    at: Date | null;
    duration_ms: number | null;
    ok: number | null;
    problem: string | null;
    leader: string | null;
    nodes: string;
    pending: string;
  };
  probe_sample: {
    cluster_id: string;
    fence: number;
    at: Date;
    duration_ms: number;
    ok: number;
    alive: number;
    total: number;
    leader: string | null;
    problem: string | null;
  };
  alert: {
    id: string;
    number: Generated<number>;
    fingerprint: string;
    /** The fingerprint while the alert is not closed, else null: a unique key keeps two from being open. */
    open_fingerprint: string | null;
    rule: string;
    severity: string;
    cluster_id: string;
    cluster_name: string;
    environment: string;
    node_id: string | null;
    labels: string;
    title: string;
    text: string;
    /** Not `signal`: that is a reserved word. */
    signal_state: string;
    acked_by_id: string | null;
    acked_by_name: string | null;
    acked_at: Date | null;
    acked_until: Date | null;
    ack_reminded: number;
    muted_by: string | null;
    since: Date;
    opened_at: Date;
    last_seen_at: Date;
    resolved_at: Date | null;
    closed_at: Date | null;
    count: number;
    flaps: number;
    previous_id: string | null;
    revision: number;
    changed_at: Date;
  };
  alert_event: {
    id: Generated<number>;
    alert_id: string;
    revision: number;
    at: Date;
    type: string;
    message: string;
    actor_id: string | null;
    actor_name: string | null;
  };
};
