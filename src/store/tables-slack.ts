/** Whom a Slack account acts as, what was asked for in Slack, and the messages that Starwarden keeps up to date there. */
export type SlackTables = {
  slack_identity: { team: string; slack_user: string; person_id: string; linked_at: Date };
  /** One-time codes; only their hash is kept. */
  slack_link_code: {
    code_hash: string;
    team: string;
    slack_user: string;
    created_at: Date;
    expires_at: Date;
    used_at: Date | null;
  };
  /** Every request that may have an effect, once: a repeated `trigger_id` does not get in. */
  slack_request: {
    id: string;
    trigger_id: string;
    team: string;
    slack_user: string;
    channel: string | null;
    received_at: Date;
  };
  /** An operation that was shown as a preview and waits for its Start button. Has the id of the request that made it. */
  slack_draft: {
    id: string;
    team: string;
    slack_user: string;
    channel: string | null;
    operation: string;
    input: string;
    plan_hash: string;
    cluster_name: string;
    confirm: string | null;
    reason: string | null;
    /** The line that was typed, for asking again. */
    line: string;
    state: string;
    run_id: string | null;
    created_at: Date;
  };
  /** The one message about a run or an alert. */
  slack_card: {
    id: string;
    kind: string;
    subject_id: string;
    channel: string;
    ts: string | null;
    /** Revision of the subject that the message shows. */
    shown_revision: number;
    shown_hash: string | null;
    state: string;
    attempts: number;
    next_try_at: Date;
    /** When the content was last compared with the subject. */
    checked_at: Date | null;
    /** Slack refused the blocks: plain text until the content changes. */
    plain: number;
    /** A former attempt may have arrived although nobody could find it. */
    may_repeat: number;
    error: string | null;
    lease_owner: string | null;
    lease_expires_at: Date | null;
    created_at: Date;
  };
  /** One reply in the thread of a card. */
  slack_line: {
    id: string;
    card_id: string;
    line_key: string;
    text: string;
    broadcast: number;
    ts: string | null;
    state: string;
    attempts: number;
    next_try_at: Date;
    may_repeat: number;
    error: string | null;
    lease_owner: string | null;
    lease_expires_at: Date | null;
    created_at: Date;
  };
};
