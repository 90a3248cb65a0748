import type { Generated } from 'kysely';
import type { MonitorTables } from './tables-monitor.ts';
import type { SlackTables } from './tables-slack.ts';

/**
 * The tables as Kysely sees them. JSON lives in LONGTEXT columns and is parsed by the file that owns the table, since
 * MySQL answers JSON columns as values and MariaDB as text. All times are UTC, milliseconds kept.
 */
export type Tables = MonitorTables &
  SlackTables & {
    cluster: {
      id: string;
      name: string;
      environment: string;
      sql_user: string;
      password_ref: string;
      seeds: string;
      tls: string | null;
      run_mode: string | null;
      observed_at: Date | null;
      problems: string;
      created_at: Date;
    };
    cluster_node: {
      id: string;
      cluster_id: string;
      kind: string;
      host: string;
      port: number;
      http_port: number | null;
      query_port: number | null;
      role: string | null;
      alive: number;
      decommissioning: number;
      version: string | null;
      started_at: string | null;
      tablet_count: number | null;
      max_disk_used_percent: number | null;
      error_message: string | null;
      observed_at: Date;
      host_id: string | null;
      deploy_dir: string | null;
      unit: string | null;
    };
    host: {
      id: string;
      cluster_id: string;
      address: string;
      port: number;
      user: string;
      auth: string;
      host_key_fingerprint: string | null;
      jump_host_id: string | null;
      ssh: string | null;
      sudo: number | null;
      problem: string | null;
      created_at: Date;
    };
    host_key: { cluster_id: string; address: string; port: number; fingerprint: string; pinned_at: Date };
    secret: {
      id: string;
      cluster_id: string | null;
      kind: string;
      /** Name of the environment variable, path of the file, or the sealed text. */
      content: string;
      key_id: string | null;
      changed_at: Date;
    };
    run: {
      id: string;
      number: Generated<number>;
      operation: string;
      operation_version: number;
      cluster_id: string;
      cluster_name: string;
      environment: string;
      state: string;
      input: string;
      plan: string;
      plan_hash: string;
      requested_by_id: string;
      requested_by_name: string;
      via: string;
      reason: string | null;
      blocked_by: string | null;
      needs_replan: number;
      wake_at: Date | null;
      lease_owner: string | null;
      lease_fence: Generated<number>;
      lease_expires_at: Date | null;
      /** What the run will end as, once its temporary changes are put back; null while that is open. */
      outcome: string | null;
      progress: string | null;
      failure: string | null;
      post_check: string | null;
      /** How the run had ended, or rested, when its undo was asked for; null once the undo has begun. */
      before_undo: string | null;
      /** Why it cannot be undone any more, whatever its steps say; null = nothing is known against it. */
      undo_gone: string | null;
      retry_of: string | null;
      cancel_requested: Generated<number>;
      pause_requested: Generated<number>;
      event_sequence: Generated<number>;
      revision: Generated<number>;
      created_at: Date;
      started_at: Date | null;
      finished_at: Date | null;
    };
    run_step: {
      run_id: string;
      position: number;
      phase: string;
      kind: string;
      title: string;
      params: string;
      state: string;
      attempt: Generated<number>;
      /** A person said that it may be sent again although a crash left it open. */
      repeat_allowed: Generated<number>;
      /** The step this one takes back. */
      undo_of: number | null;
      ledger_id: string | null;
      /** JSON of the lane; null = the step stands alone. */
      lane: string | null;
      progress: string | null;
      failure: string | null;
      facts: string | null;
      started_at: Date | null;
      applied_at: Date | null;
      finished_at: Date | null;
    };
    run_event: {
      run_id: string;
      sequence: number;
      at: Date;
      type: string;
      step: number | null;
      message: string;
    };
    temporary_change: {
      id: string;
      run_id: string;
      cluster_id: string;
      position: number;
      title: string;
      before_value: string;
      state: string;
      created_at: Date;
      restored_at: Date | null;
    };
    release: ReleaseRow;
    upgrade: UpgradeRow;
    cluster_lock: { cluster_id: string; run_id: string; since: Date };
    approval: {
      id: string;
      number: Generated<number>;
      run_id: string;
      plan_hash: string;
      state: string;
      required: number;
      created_at: Date;
      expires_at: Date;
      decided_at: Date | null;
    };
    approval_vote: {
      approval_id: string;
      person_id: string;
      person_name: string;
      via: string;
      vote: string;
      comment: string | null;
      at: Date;
    };
    idempotency_key: { actor_id: string; key: string; input_hash: string; run_id: string; created_at: Date };
    write_mark: { id: number; at: Date };
    audit_event: {
      id: Generated<number>;
      at: Date;
      actor_id: string;
      actor_name: string;
      via: string;
      action: string;
      subject: string | null;
      cluster_id: string | null;
      outcome: string;
      detail: string | null;
      run_id: string | null;
      request_id: string | null;
    };
    person: { id: string; name: string; created_at: Date; disabled_at: Date | null };
    role_binding: { person_id: string; role: string; scope_kind: string; scope_value: string };
    api_token: {
      id: string;
      person_id: string;
      label: string;
      token_hash: string;
      created_at: Date;
      expires_at: Date | null;
      revoked_at: Date | null;
    };
    check_report: { id: string; cluster_id: string; run_id: string; at: Date; checks: string };
    backup: {
      id: string;
      cluster_id: string;
      run_id: string;
      database_name: string;
      repository: string;
      snapshot: string;
      backup_timestamp: string | null;
      started_at: Date;
      verified_at: Date | null;
    };
  };

export type ReleaseRow = {
  id: string;
  version: string;
  source_kind: string;
  location: string;
  sha256: string;
  size_bytes: number | null;
  contents: string;
  minimum_jdk: number;
  registered_at: Date;
  registered_by_id: string;
  registered_by_name: string;
};

export type UpgradeRow = {
  id: string;
  cluster_id: string;
  run_id: string;
  direction: string;
  from_version: string;
  to_version: string;
  started_at: Date;
  finalized_at: Date | null;
};
