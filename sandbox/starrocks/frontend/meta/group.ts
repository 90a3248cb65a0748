import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeLog } from '../../node-log.ts';
import type { Pace } from '../../pace.ts';
import { type Address, callNode } from '../../rpc.ts';
import type { Entry, Image, Journal } from './journal.ts';
import type { Change, ClusterState, Frontend, StateStore } from './state.ts';

/** What frontends say to each other on the edit_log_port: elections and the journal (the part of BDB JE). */
export type GroupCalls = {
  join: [JoinRequest, JoinReply];
  vote: [VoteRequest, VoteReply];
  append: [AppendRequest, AppendReply];
  image: [ImageRequest, AppendReply];
  handOver: [HandOverRequest, null];
};
type Peer = Pick<Frontend, 'name' | 'host' | 'editLogPort'>;
export type JoinRequest = Peer & Pick<Frontend, 'role'>;
export type JoinReply = { accepted: boolean; leader: Address | null };
/** A trial costs nobody anything; in a hand-over the followers vote although they heard from their leader just now. */
type Ballot = 'trial' | 'election' | 'hand-over';
type VoteRequest = { term: number; candidate: string; lastIndex: number; lastTerm: number; ballot: Ballot };
type HandOverRequest = { term: number };
type VoteReply = { term: number; granted: boolean };
type AppendRequest = {
  term: number;
  leader: string;
  previous: { index: number; term: number };
  entries: Entry[];
  committed: number;
};
type AppendReply = { term: number; ok: boolean; lastIndex: number };
type ImageRequest = { term: number; leader: string; image: Image };

/** What was to be changed here is the business of another frontend now; nothing was changed. */
export class NotLeader extends Error {}

export type GroupRole = 'INIT' | 'LEADER' | 'FOLLOWER' | 'OBSERVER' | 'UNKNOWN';
type Options = {
  self: { name: string };
  store: StateStore;
  journal: Journal;
  pace: Pace;
  log: NodeLog;
  /** The leader lost its group. The real process exits, because its memory may be ahead of the group. */
  onLost: (reason: string) => void;
  onChange: () => void;
  /** An entry that this frontend wrote as the leader is safe: after `ms`, with so many bytes. */
  onWritten(written: { ms: number; bytes: number }): void;
  /** What a new leader writes down first, before it counts as ready. */
  firstChanges: (state: ClusterState) => Change[];
};

const entriesPerCall = 500;
const journalTail = 500;

/**
 * One frontend's part in the replication group: a small Raft. A leader needs answers from the majority of the
 * followers that ever joined; a trial vote comes first, so that a frontend that was away does not unseat anybody.
 */
export class Group {
  readonly options: Options;
  role: GroupRole = 'INIT';
  leaderName: string | null = null;
  applied: number;
  private committed: number;
  private heardAt = 0;
  private electionDueMs: number;
  private lost = false;
  private ready = false;
  private resigned = false;
  private readonly peers = new Map<string, { next: number; match: number; answeredAt: number; busy: boolean }>();
  /** Observers that were dropped and run on: the leader goes on telling them, so that they learn of it themselves. */
  private readonly departed = new Map<string, Peer>();
  private readonly waiters = new Set<() => void>();
  private tail: Promise<unknown> = Promise.resolve();
  private ledAt = Number.NEGATIVE_INFINITY;
  /** Somebody waits until the others have applied this. */
  private toTell = 0;

  constructor(options: Options) {
    this.options = options;
    const { image } = options.journal;
    if (image) options.store.load(image.state);
    this.applied = image?.index ?? 0;
    this.committed = this.applied;
    this.electionDueMs = this.drawElectionMs();
    this.applyTo(options.journal.entry(options.journal.lastIndex)?.committed ?? this.applied);
  }

  get state(): ClusterState {
    return this.options.store.state;
  }

  /** Elected, and everything that earlier leaders committed took effect here. */
  get isLeader(): boolean {
    return this.role === 'LEADER' && this.ready;
  }

  /** Elected, and not ready yet: what comes in waits. */
  get isTakingOver(): boolean {
    return this.role === 'LEADER' && !this.ready;
  }

  /** It gave leadership up and nobody leads yet: it still answers what a leader answers, and can change nothing. */
  get isHandingOver(): boolean {
    return this.resigned && this.leaderName === null;
  }

  get leader(): Frontend | null {
    return this.leaderName === null ? null : (this.state.frontends.get(this.leaderName) ?? null);
  }

  /** Starts a group of one: the first frontend of a cluster, with the metadata of a new cluster. */
  found(changes: Change[]): void {
    this.options.journal.append([{ index: 1, term: 1, committed: 1, changes }]);
    this.options.journal.saveVote({ term: 1, votedFor: this.options.self.name });
    this.options.store.apply(changes);
    this.applied = 1;
    this.committed = 1;
  }

  start(): void {
    const tick = this.options.pace.atLeast(500, 60);
    this.heardAt = performance.now() - (this.voters().length <= 1 ? this.electionDueMs : 0);
    setInterval(() => this.beat(), tick).unref();
  }

  /**
   * Changes the metadata: `build` sees the state that all earlier changes left and says what to put. Resolves when
   * the majority has it on disk and it took effect here.
   */
  update<T>(build: (state: ClusterState) => { changes: Change[]; value: T }): Promise<T> {
    if (this.isHandingOver) return Promise.reject(new NotLeader('not leader'));
    const run = this.tail.then(async () => {
      if (!this.isLeader) throw new NotLeader('not leader');
      const { changes, value } = build(this.state);
      if (changes.length > 0) await this.propose(changes);
      return value;
    });
    this.tail = run.catch(() => undefined);
    return run;
  }

  /** Gives leadership up on purpose, after the change that is under way, and asks the best follower to take over after a while. */
  resign({ silentMs }: { silentMs: number }): Promise<void> {
    const run = this.tail.then(() => this.stepDown(silentMs));
    this.tail = run.catch(() => undefined);
    return run;
  }

  private async stepDown(silentMs: number): Promise<void> {
    if (this.role !== 'LEADER') return;
    const matchOf = ({ name }: Frontend) => this.peers.get(name)?.match ?? 0;
    const others = this.voters().filter(({ name }) => name !== this.options.self.name);
    const [heir] = others.sort((a, b) => matchOf(b) - matchOf(a));
    this.options.log('INFO', 'leader resigns');
    this.ready = false;
    this.role = this.state.frontends.get(this.options.self.name)?.role ?? 'FOLLOWER';
    this.leaderName = null;
    this.resigned = true;
    this.heardAt = performance.now();
    if (heir === undefined) return;
    await sleep(silentMs);
    const request = { term: this.options.journal.vote.term };
    const timeoutMs = this.options.pace.atLeast(2000, 300);
    // If it does not hear this, the silence makes the followers elect somebody a little later.
    callNode<GroupCalls, 'handOver'>(addressOf(heir), 'handOver', request, { timeoutMs }).catch(() => undefined);
  }

  onHandOver({ term }: HandOverRequest): null {
    if (this.role !== 'FOLLOWER' || term !== this.options.journal.vote.term) return null;
    this.heardAt = performance.now();
    void this.campaign('hand-over');
    return null;
  }

  /** Resolves when this frontend has applied the journal up to `index`, or after the time. */
  async waitFor(index: number, timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.applied < index && performance.now() < until) await Promise.race([this.nextApply(), sleep(20)]);
  }

  checkpoint(): Image {
    const term = this.options.journal.termAt(this.applied) ?? this.options.journal.lastTerm;
    return { index: this.applied, term, state: this.options.store.dump(), writtenAt: Date.now() };
  }

  /** False when the image is ahead of this frontend: it takes none that covers what it has not applied. */
  saveImage(image: Image): boolean {
    if (image.index > this.applied) return false;
    this.options.journal.saveImage(image, { keepTail: journalTail });
    return true;
  }

  onVote(request: VoteRequest): VoteReply {
    const { journal } = this.options;
    const upToDate =
      request.lastTerm > journal.lastTerm ||
      (request.lastTerm === journal.lastTerm && request.lastIndex >= journal.lastIndex);
    const isAsked = request.ballot === 'hand-over';
    const content = this.role === 'LEADER' || (!isAsked && performance.now() - this.heardAt < this.drawElectionMs(0));
    const known = this.state.frontends.get(request.candidate)?.joined === true;
    const { term, votedFor } = journal.vote;
    const free = request.term > term || votedFor === null || votedFor === request.candidate;
    const granted = upToDate && !content && known && request.term >= term && free;
    if (granted && request.ballot !== 'trial') {
      journal.saveVote({ term: request.term, votedFor: request.candidate });
      this.heardAt = performance.now();
    }
    return { term: journal.vote.term, granted };
  }

  onAppend(request: AppendRequest): AppendReply {
    const { journal } = this.options;
    const { previous } = request;
    const lastSent = previous.index + request.entries.length;
    const reply = (ok: boolean) => ({ term: journal.vote.term, ok, lastIndex: ok ? lastSent : journal.lastIndex });
    if (!this.follow(request.term, request.leader)) return reply(false);
    if (journal.termAt(previous.index) !== previous.term && previous.index > this.applied) {
      return { ...reply(false), lastIndex: Math.min(journal.lastIndex, previous.index - 1) };
    }
    journal.append(
      request.entries.filter((entry) => journal.termAt(entry.index) !== entry.term && entry.index > this.applied),
    );
    this.applyTo(Math.min(request.committed, lastSent));
    return reply(true);
  }

  onImage(request: ImageRequest): AppendReply {
    const { journal, store } = this.options;
    if (this.follow(request.term, request.leader) && request.image.index > this.applied) {
      journal.saveImage(request.image);
      store.load(request.image.state);
      this.applied = request.image.index;
      this.committed = this.applied;
      this.announce();
    }
    return { term: journal.vote.term, ok: true, lastIndex: Math.max(this.applied, request.image.index) };
  }

  private follow(term: number, leader: string): boolean {
    const { journal, self } = this.options;
    if (term < journal.vote.term) return false;
    if (this.role === 'LEADER' && leader !== self.name) {
      this.lose('another frontend is leader now');
      return false;
    }
    if (term > journal.vote.term) journal.saveVote({ term, votedFor: null });
    this.heardAt = performance.now();
    this.leaderName = leader;
    const role = this.state.frontends.get(self.name)?.role ?? 'OBSERVER';
    this.become(this.applied === 0 ? 'INIT' : role);
    return true;
  }

  private beat(): void {
    if (this.lost) return;
    if (this.role === 'LEADER') {
      // Less often than the look at the clock: each beat is a connection to each of the others.
      if (performance.now() - this.ledAt >= this.options.pace.atLeast(500, 200)) this.lead();
      return;
    }
    const silentMs = performance.now() - this.heardAt;
    if (silentMs < this.electionDueMs) return;
    if (this.role !== 'INIT') this.become('UNKNOWN');
    const me = this.state.frontends.get(this.options.self.name);
    if (me?.joined !== true || me.role !== 'FOLLOWER' || this.resigned) return;
    this.electionDueMs = silentMs + this.drawElectionMs();
    void this.campaign('election');
  }

  private async campaign(ballot: 'election' | 'hand-over'): Promise<void> {
    const { journal, self } = this.options;
    const heardAt = this.heardAt;
    if (ballot === 'election' && !(await this.askVotes('trial'))) return;
    if (this.heardAt !== heardAt) return;
    journal.saveVote({ term: journal.vote.term + 1, votedFor: self.name });
    const { term } = journal.vote;
    if (!(await this.askVotes(ballot)) || journal.vote.term !== term || this.heardAt !== heardAt) return;
    await this.takeOver();
  }

  private async askVotes(ballot: Ballot): Promise<boolean> {
    const { journal, self, pace } = this.options;
    const term = journal.vote.term + (ballot === 'trial' ? 1 : 0);
    const request = { term, candidate: self.name, lastIndex: journal.lastIndex, lastTerm: journal.lastTerm, ballot };
    const voters = this.voters();
    const timeoutMs = pace.atLeast(2000, 300);
    const asked = voters
      .filter((voter) => voter.name !== self.name)
      .map((voter) =>
        callNode<GroupCalls, 'vote'>(addressOf(voter), 'vote', request, { timeoutMs }).then(
          (reply) => reply.granted,
          () => false,
        ),
      );
    const granted = (await Promise.all(asked)).filter(Boolean).length + 1;
    return granted > voters.length / 2;
  }

  private async takeOver(): Promise<void> {
    const { journal, log, self } = this.options;
    this.peers.clear();
    this.leaderName = self.name;
    log('INFO', `elected leader in term ${journal.vote.term} at journal ${journal.lastIndex}`);
    this.role = 'LEADER';
    this.beatAll();
    // The empty entry brings everything that earlier leaders wrote into effect here; only then can the state be judged.
    await this.propose([]);
    await this.propose(this.options.firstChanges(this.state));
    this.ready = true;
    this.options.onChange();
  }

  private lead(): void {
    const { pace } = this.options;
    this.ledAt = performance.now();
    this.beatAll();
    const patience = pace.atLeast(10_000, 4000);
    const now = performance.now();
    const heard = this.voters().filter((voter) => {
      return voter.name === this.options.self.name || now - (this.peers.get(voter.name)?.answeredAt ?? now) < patience;
    });
    if (heard.length <= this.voters().length / 2) this.lose('the majority of the followers does not answer');
  }

  private lose(reason: string): void {
    this.lost = true;
    this.role = 'UNKNOWN';
    this.options.log('ERROR', `leader lost its leadership: ${reason}, will exit`);
    this.options.onLost(reason);
  }

  private async propose(changes: Change[]): Promise<void> {
    const { journal } = this.options;
    const index = journal.lastIndex + 1;
    const startedAt = performance.now();
    journal.append([{ index, term: journal.vote.term, committed: this.committed, changes }]);
    this.countCommitted();
    this.beatAll();
    while (this.applied < index) await this.nextApply();
    this.options.onWritten({ ms: performance.now() - startedAt, bytes: JSON.stringify(changes).length });
  }

  /** What took effect here is to do so with the others now, and not with the next beat: one of them waits for it. */
  tell(): void {
    if (this.role !== 'LEADER' || this.toTell === this.committed) return;
    this.toTell = this.committed;
    this.beatAll();
  }

  private beatAll(): void {
    for (const frontend of this.state.frontends.values()) {
      if (frontend.name !== this.options.self.name && frontend.joined) void this.sync(frontend);
    }
    for (const peer of this.departed.values()) void this.sync(peer);
  }

  /** A dropped observer that was started again with its old metadata is told the journal as before. */
  keepInformed(peer: Peer): void {
    this.departed.set(peer.name, peer);
  }

  private async sync(peer: Peer): Promise<void> {
    const { journal, pace } = this.options;
    const known = this.peers.get(peer.name);
    const progress = known ?? { next: journal.lastIndex + 1, match: 0, answeredAt: performance.now(), busy: false };
    this.peers.set(peer.name, progress);
    if (progress.busy) return;
    progress.busy = true;
    let told = 0;
    try {
      do {
        told = this.committed;
        const reply = await this.send(peer, progress.next, pace.atLeast(2000, 500));
        if (this.role !== 'LEADER') return;
        if (reply.term > journal.vote.term) {
          this.lose('another frontend is leader now');
          return;
        }
        progress.answeredAt = performance.now();
        progress.next = reply.lastIndex + 1;
        if (reply.ok) progress.match = Math.max(progress.match, reply.lastIndex);
        this.countCommitted();
      } while (progress.next <= journal.lastIndex || told < this.toTell);
    } catch {
      // A peer that does not answer is asked again at the next beat; SHOW FRONTENDS tells about it.
      this.departed.delete(peer.name);
    } finally {
      progress.busy = false;
    }
  }

  private send(peer: Peer, next: number, timeoutMs: number): Promise<AppendReply> {
    const { journal, self } = this.options;
    const term = journal.vote.term;
    const previousTerm = journal.termAt(next - 1);
    const target = addressOf(peer);
    if (previousTerm === null || (next <= journal.lastIndex && journal.entry(next) === null)) {
      const request = { term, leader: self.name, image: this.checkpoint() };
      return callNode<GroupCalls, 'image'>(target, 'image', request, { timeoutMs: timeoutMs * 5 });
    }
    const request = {
      term,
      leader: self.name,
      previous: { index: next - 1, term: previousTerm },
      entries: journal.entriesFrom(next, entriesPerCall),
      committed: this.committed,
    };
    return callNode<GroupCalls, 'append'>(target, 'append', request, { timeoutMs });
  }

  /** The highest entry of this term that the majority of the voters has on disk is safe for ever. */
  private countCommitted(): void {
    const { journal, self } = this.options;
    const matches = this.voters()
      .map((voter) => (voter.name === self.name ? journal.lastIndex : (this.peers.get(voter.name)?.match ?? 0)))
      .sort((a, b) => b - a);
    const safe = matches[Math.floor(matches.length / 2)] ?? 0;
    if (safe > this.committed && journal.termAt(safe) === journal.vote.term) this.applyTo(safe);
  }

  private applyTo(index: number): void {
    this.committed = Math.max(this.committed, index);
    let moved = false;
    while (this.applied < this.committed) {
      const entry = this.options.journal.entry(this.applied + 1);
      if (!entry) break;
      for (const { in: where, key, value } of entry.changes) {
        const gone = where === 'frontends' && value === null ? this.state.frontends.get(key) : undefined;
        if (gone?.joined && gone.role === 'OBSERVER') this.departed.set(key, gone);
      }
      this.options.store.apply(entry.changes);
      this.applied++;
      moved = true;
    }
    if (moved) this.announce();
  }

  private announce(): void {
    for (const wake of this.waiters) wake();
    this.waiters.clear();
    this.options.onChange();
  }

  private nextApply(): Promise<void> {
    return new Promise((resolve) => this.waiters.add(resolve));
  }

  private become(role: GroupRole): void {
    if (this.role === role) return;
    this.options.log('INFO', `role ${this.role} -> ${role}, leader ${this.leaderName ?? 'unknown'}`);
    this.role = role;
    this.options.onChange();
  }

  private voters(): Frontend[] {
    return [...this.state.frontends.values()].filter((frontend) => frontend.role === 'FOLLOWER' && frontend.joined);
  }

  private drawElectionMs(random = Math.random()): number {
    return this.options.pace.atLeast(3000, 1200) * (1 + random);
  }
}

function addressOf({ host, editLogPort }: Peer): Address {
  return { host, port: editLogPort };
}
