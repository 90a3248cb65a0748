import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import type { Known } from '../../../domain/known.ts';

export type HostInput = {
  readonly address: string;
  readonly port: number;
  readonly hostKeyFingerprint?: string | undefined;
  readonly jumpAddress?: string | undefined;
  readonly jumpPort: number;
  readonly nodes: readonly {
    readonly nodeId: string;
    readonly deployDir?: string | undefined;
    readonly unit?: string | undefined;
  }[];
  /** Look for nodes that are not named, too. */
  readonly findNodes: boolean;
};

export type LoginInput = {
  readonly user: string;
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
};

export type HostFacts = {
  readonly pinned: string | null;
  /** The key that the host shows now; null when it could not be read. */
  readonly shown: string | null;
  readonly unreachable: string | null;
  /** What runs there; null = nobody had to look, or could not log in. */
  readonly machine: Known<MachineSurvey> | null;
};
