import type { Generated } from 'kysely';

/*
 * Printed from a migrated database by `npm run generate:tables`; what is said of columns stands in scripts/tables/notes.ts.
 * JSON lives in text columns and is parsed by the file that owns the table. All times are UTC, milliseconds kept.
 */

export type Tables = {
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
    past_title: string | null;
    muted_because: string | null;
    hidden_since: Date | null;
    assignee_id: string | null;
    assignee_name: string | null;
    resolved_by_id: string | null;
    resolved_by_name: string | null;
    resolved_confirmed: Generated<number>;
    never_hidden: Generated<number>;
    turns: string | null;
    flapping: string | null;
    switched_off: string | null;
  };
  alert_channel: {
    channel: string;
    due_at: Date | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    fence: Generated<number>;
  };
  alert_delivery: {
    alert_id: string;
    channel: string;
    severity: string;
    family: string;
    waits_since: Date | null;
    group_id: string | null;
    card_id: string | null;
    group_revision: Generated<number>;
    decided_at: Date | null;
    told_at: Date | null;
    hidden: Generated<number>;
    missed: Generated<number>;
    missed_at: Date | null;
  };
  /** The daily message of a channel; one is always ahead. */
  alert_digest: {
    id: string;
    channel: string;
    day: string;
    /** Set while it is not made yet, else null: a unique key keeps a channel from having two ahead. */
    open_key: string | null;
    /** It counts what happened from then on. */
    since: Date;
    /** The zone in which `due_at` is an hour of the day. */
    time_zone: string;
    due_at: Date | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    fence: Generated<number>;
    made_at: Date | null;
    /** JSON of what it says, as it was when it was made; null = it is not made yet. */
    content: string | null;
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
  alert_group: {
    id: string;
    channel: string;
    kind: string;
    open_key: string | null;
    cluster_id: string | null;
    cluster_name: string | null;
    family: string | null;
    severity: string | null;
    cause: string | null;
    revision: number;
    opened_at: Date;
    busy_at: Date;
    news_at: Date;
    closed_at: Date | null;
  };
  alert_route: {
    id: string;
    open_key: string | null;
    scope_kind: string;
    scope_value: string;
    least_severity: string;
    definition: string;
    reason: string;
    by_id: string;
    by_name: string;
    created_at: Date;
    ended_at: Date | null;
    ended_by_id: string | null;
    ended_by_name: string | null;
    ended_reason: string | null;
  };
  alert_rule: {
    id: string;
    name: string;
    open_name: string | null;
    scope_kind: string;
    scope_value: string;
    definition: string;
    reason: string;
    by_id: string;
    by_name: string;
    created_at: Date;
    removed_at: Date | null;
    removed_by_id: string | null;
    removed_by_name: string | null;
    removed_reason: string | null;
  };
  alert_rule_override: {
    id: string;
    rule: string;
    scope_kind: string;
    scope_value: string;
    cluster_id: string | null;
    open_key: string | null;
    changes: string;
    reason: string;
    until_at: Date | null;
    by_id: string;
    by_name: string;
    created_at: Date;
    ended_at: Date | null;
    ended_by_id: string | null;
    ended_by_name: string | null;
    ended_reason: string | null;
    made_in: string | null;
  };
  api_token: {
    id: string;
    person_id: string;
    label: string;
    token_hash: string;
    created_at: Date;
    expires_at: Date | null;
    revoked_at: Date | null;
  };
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
  automation_hold: {
    id: string;
    scope_kind: string;
    scope_value: string;
    open_scope: string | null;
    reason: string;
    held_by_id: string;
    held_by_name: string;
    held_at: Date;
    until_at: Date | null;
    released_by_name: string | null;
    released_at: Date | null;
  };
  backup: {
    id: string;
    cluster_id: string;
    run_id: string;
    database_name: string;
    repository: string;
    snapshot: string | null;
    backup_timestamp: string | null;
    started_at: Date;
    verified_at: Date | null;
    state: Generated<string>;
    kind: Generated<string>;
    origin: string | null;
    policy_id: string | null;
    tier: string | null;
    base_id: string | null;
    location: string | null;
    scheduled_for: Date | null;
    snapshot_at: Date | null;
    finished_at: Date | null;
    size_bytes: number | null;
    object_count: number | null;
    table_count: number | null;
    partition_count: number | null;
    not_held: string | null;
    problem: string | null;
    pinned_reason: string | null;
    pinned_until: Date | null;
    pinned_by_name: string | null;
    deleted_at: Date | null;
    deleted_because: string | null;
    deleted_run_id: string | null;
    is_selection: Generated<number>;
  };
  backup_content: {
    backup_id: string;
    content: Buffer;
  };
  backup_objects: {
    backup_id: string;
    seen_at: Date;
    sums: Buffer;
  };
  backup_policy: {
    id: string;
    cluster_id: string;
    name: string;
    content: string;
    owner_id: string;
    owner_name: string;
    armed_hash: string | null;
    armed_by_id: string | null;
    armed_by_name: string | null;
    armed_at: Date | null;
    revision: Generated<number>;
    created_at: Date;
    changed_at: Date;
    removed_at: Date | null;
    open_name: string | null;
  };
  backup_verification: {
    backup_id: string;
    level: string;
    at: Date;
    run_id: string | null;
    passed: number | null;
    message: string;
    objects: number | null;
    bytes: number | null;
  };
  blackout: {
    id: string;
    name: string;
    scope_kind: string;
    scope_value: string;
    applies_to: string;
    from_at: Date;
    until_at: Date;
    reason: string;
    owner_id: string;
    owner_name: string;
    created_at: Date;
  };
  check_report: {
    id: string;
    cluster_id: string;
    run_id: string;
    at: Date;
    checks: string;
  };
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
  cluster_lock: {
    cluster_id: string;
    run_id: string;
    since: Date;
    scope: Generated<string>;
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
    location: string | null;
    stopped_run_id: string | null;
    stopped_run_number: number | null;
    stopped_by_name: string | null;
    stopped_at: Date | null;
    stopped_started_at: string | null;
  };
  escalation: {
    alert_id: string;
    seen_revision: Generated<number>;
    due_at: Date | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    fence: Generated<number>;
  };
  escalation_delivery: {
    id: string;
    step_id: string;
    alert_id: string;
    kind: string;
    place: string;
    body: string | null;
    route_id: string;
    state: string;
    attempts: Generated<number>;
    outcome: string | null;
    created_at: Date;
    done_at: Date | null;
    due_at: Date | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    fence: Generated<number>;
  };
  escalation_step: {
    id: string;
    alert_id: string;
    episode: number;
    severity: string;
    step: number;
    from_step: number;
    kind: string;
    revision: number;
    at: Date;
    told: string;
    missing: string;
    reason: string | null;
    by_id: string | null;
    by_name: string | null;
  };
  hidden_by_run: {
    run_id: string;
    fingerprint: string;
    cluster_id: string;
    rule: string;
    labels: string;
    hidden_at: Date;
    covered_at: Date;
    cleared_at: Date | null;
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
  host_key: {
    cluster_id: string;
    address: string;
    port: number;
    fingerprint: string;
    pinned_at: Date;
  };
  idempotency_key: {
    actor_id: string;
    key: string;
    input_hash: string;
    run_id: string;
    created_at: Date;
  };
  maintenance_window: {
    id: string;
    name: string;
    scope_kind: string;
    scope_value: string;
    applies_to: string;
    cron: string;
    time_zone: string;
    duration_minutes: number;
    reason: string;
    owner_id: string;
    owner_name: string;
    created_at: Date;
    hides_alerts_up_to: string | null;
  };
  /** One metric of all subjects of a cluster over some time. */
  metric_chunk: {
    cluster_id: string;
    metric: string;
    /** 0 = the values of each look; else one point for so many seconds. */
    resolution_s: number;
    start_at: Date;
    end_at: Date;
    /** Packed by src/domain/metrics: the times, the subjects, and a value of each at each time. */
    points: Buffer;
  };
  /** What is asked at a slower pace than looks are. */
  metric_facts: {
    cluster_id: string;
    due_at: Date;
    claimed_by: string | null;
    claimed_until: Date | null;
    fence: Generated<number>;
    /** The last answer about each fact, with its time. */
    answers: string;
  };
  /** What the next look at a cluster needs of the last one. */
  metric_state: {
    cluster_id: string;
    at: Date;
    /** The counters of each node as its page showed them, packed: a rate needs two of them. */
    counters: Buffer;
    /** All that the last look measured, packed; stays when the tail is taken into chunks. */
    latest: Buffer;
    /** The end of the last hour that was rolled up; null = none was yet. */
    rolled_until: Date | null;
  };
  /** All that one look measured, until some of them are taken together into chunks. */
  metric_tail: {
    cluster_id: string;
    at: Date;
    measured: Buffer;
  };
  on_call_override: {
    id: string;
    rotation: string;
    person_id: string;
    person_name: string;
    from_at: Date;
    until_at: Date;
    reason: string;
    by_id: string;
    by_name: string;
    created_at: Date;
    ended_at: Date | null;
    ended_by_id: string | null;
    ended_by_name: string | null;
    ended_reason: string | null;
  };
  on_call_rotation: {
    id: string;
    open_name: string | null;
    name: string;
    scope_kind: string;
    scope_value: string;
    definition: string;
    reason: string;
    by_id: string;
    by_name: string;
    created_at: Date;
    ended_at: Date | null;
    ended_by_id: string | null;
    ended_by_name: string | null;
    ended_reason: string | null;
  };
  person: {
    id: string;
    name: string;
    created_at: Date;
    disabled_at: Date | null;
  };
  probe: {
    cluster_id: string;
    /** When the next look is due. */
    due_at: Date;
    claimed_by: string | null;
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
    not_judged: string | null;
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
  release: {
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
  removed_node: {
    id: string;
    cluster_id: string;
    run_id: string;
    kind: string;
    host: string;
    port: number;
    host_id: string | null;
    deploy_dir: string | null;
    unit: string | null;
    data_dirs: string;
    identities: string;
    process_ended: number | null;
    removed_at: Date;
    purged_at: Date | null;
  };
  repository: {
    id: string;
    cluster_id: string;
    name: string;
    location: string;
    kind: string;
    read_only: number;
    origin: string;
    access: string | null;
    checked_at: Date | null;
    problem: string | null;
    problem_code: string | null;
    problem_since: Date | null;
    used_bytes: number | null;
    free_bytes: number | null;
    created_at: Date;
  };
  role_binding: {
    person_id: string;
    role: string;
    scope_kind: string;
    scope_value: string;
  };
  routing_lock: {
    id: number;
  };
  run: {
    id: string;
    number: Generated<number>;
    operation: string;
    operation_version: number;
    /** Null for a run about several clusters or none; then its name and environment are null too. */
    cluster_id: string | null;
    cluster_name: string | null;
    environment: string | null;
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
    due_at: Date | null;
    claimed_by: string | null;
    fence: Generated<number>;
    claimed_until: Date | null;
    /** What the run will end as, once its temporary changes are put back; null while that is open. */
    outcome: string | null;
    progress: string | null;
    failure: string | null;
    post_check: string | null;
    retry_of: string | null;
    cancel_requested: Generated<number>;
    pause_requested: Generated<number>;
    event_sequence: Generated<number>;
    revision: Generated<number>;
    created_at: Date;
    started_at: Date | null;
    finished_at: Date | null;
    /** How the run had ended, or rested, when its undo was asked for; null once the undo has begun. */
    before_undo: string | null;
    /** Why it cannot be undone any more, whatever its steps say; null = nothing is known against it. */
    undo_gone: string | null;
    /** `cluster`, `new-cluster`, `clusters` or `none`. */
    target_kind: Generated<string>;
    /** The run about several clusters that this one is a part of; null = it stands alone. */
    parent_id: string | null;
  };
  run_event: {
    run_id: string;
    sequence: number;
    at: Date;
    type: string;
    step: number | null;
    message: string;
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
    progress: string | null;
    failure: string | null;
    facts: string | null;
    started_at: Date | null;
    applied_at: Date | null;
    finished_at: Date | null;
    /** JSON of the lane; null = the step stands alone. */
    lane: string | null;
    about_kind: Generated<string>;
    /** Null = its parameters name whom it is about by no id, or it is the cluster of the run. */
    about_id: string | null;
    about_label: Generated<string>;
    effect: Generated<string>;
    /** What the step leaves beside whom it is about, until another one removes that. */
    leaves: string | null;
    removes: string | null;
    /** What it saw them to be, in a word; null = it has seen nothing of that sort. */
    observed: string | null;
    /** What a person is to look at before the run goes on; null = nothing, or somebody has let it go on. */
    hold: string | null;
  };
  schedule: {
    id: string;
    name: string;
    cluster_id: string;
    operation: string;
    input: string;
    cron: string;
    time_zone: string;
    jitter_seconds: number;
    when_missed: string;
    dry_run: Generated<number>;
    policy_id: string | null;
    policy_part: string | null;
    owner_id: string;
    owner_name: string;
    state: string;
    state_reason: string | null;
    state_by_name: string | null;
    content_hash: string;
    approved_hash: string | null;
    approved_by_id: string | null;
    approved_by_name: string | null;
    approved_at: Date | null;
    slot_at: Date | null;
    due_at: Date | null;
    retry_since: Date | null;
    retry_reason: string | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    fence: Generated<number>;
    revision: Generated<number>;
    created_at: Date;
    changed_at: Date;
  };
  schedule_firing: {
    schedule_id: string;
    slot_at: Date;
    outcome: string;
    run_id: string | null;
    reason_code: string | null;
    reason: string | null;
    asked_by_name: string | null;
    attempt: Generated<number>;
    note: string | null;
    plan: string | null;
    is_open: Generated<number>;
    decided_at: Date;
  };
  secret: {
    id: string;
    cluster_id: string | null;
    kind: string;
    /** Name of the environment variable, path of the file, or the sealed text. */
    content: string;
    key_id: string | null;
    changed_at: Date;
  };
  silence: {
    id: string;
    number: Generated<number>;
    scope_kind: string;
    scope_value: string;
    matchers: string;
    reason: string;
    created_by_id: string;
    created_by_name: string;
    created_at: Date;
    until_at: Date;
    needs_second: number;
    approved_by_id: string | null;
    approved_by_name: string | null;
    approved_at: Date | null;
    ended_by_id: string | null;
    ended_by_name: string | null;
    ended_at: Date | null;
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
    due_at: Date;
    /** When the content was last compared with the subject. */
    checked_at: Date | null;
    /** Slack refused the blocks: plain text until the content changes. */
    plain: number;
    /** A former attempt may have arrived although nobody could find it. */
    may_repeat: number;
    error: string | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    created_at: Date;
    fence: Generated<number>;
    sent_at: Date | null;
    planned_for: string | null;
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
  slack_identity: {
    team: string;
    slack_user: string;
    person_id: string;
    linked_at: Date;
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
    due_at: Date;
    may_repeat: number;
    error: string | null;
    claimed_by: string | null;
    claimed_until: Date | null;
    created_at: Date;
    fence: Generated<number>;
    picture: string | null;
    sent_at: Date | null;
  };
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
    setting: Generated<string>;
    until_at: Date | null;
  };
  upgrade: {
    id: string;
    cluster_id: string;
    run_id: string;
    direction: string;
    from_version: string;
    to_version: string;
    started_at: Date;
    finalized_at: Date | null;
  };
  write_mark: {
    id: number;
    at: Date;
  };
};
