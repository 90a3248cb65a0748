/** One release that the sandbox can hand out. The commits are invented. */
export type Release = { readonly version: string; readonly commit: string };

/** Every release the sandbox ships, oldest first: one per line of StarRocks, and a newer patch for 3.4 and 3.5. */
export const releases: readonly Release[] = [
  { version: '3.2.16', commit: '8dea52d' },
  { version: '3.3.15', commit: '6c9a3f1' },
  { version: '3.4.5', commit: '35b71e0' },
  { version: '3.4.6', commit: 'a2f40c9' },
  { version: '3.5.0', commit: '48f4d81' },
  { version: '3.5.1', commit: 'd7193be' },
];

/** Finds a release by its version, or says which there are. */
export function releaseOf(version: string): Release {
  const release = releases.find((candidate) => candidate.version === version);
  if (release === undefined) {
    throw new Error(`no release ${version}; there are ${releases.map((known) => known.version).join(', ')}`);
  }
  return release;
}

/** The release that came before; of the oldest one, the one after it. */
export function previousOf(version: string): Release {
  const at = releases.indexOf(releaseOf(version));
  const previous = releases[at - 1] ?? releases[at + 1];
  if (previous === undefined) throw new Error(`there is no release beside ${version}`);
  return previous;
}

/** What differs in the scripts from one line of StarRocks to the next. */
export type ScriptTraits = {
  /** Oldest JDK accepted, besides `jdkException`. */
  readonly jdkMinimum: number;
  /** An older JDK accepted all the same: 3.2 takes 8, and neither 9 nor 10. */
  readonly jdkException: number | null;
  /** Up to 3.3 a JRE is refused: `javac` must be there. */
  readonly needsJavac: boolean;
  /** 3.4 brought `stop_fe.sh -g`, `--timeout`, and a stop script that checks whose pid it has before it kills. */
  readonly newStopScripts: boolean;
  readonly extraFrontendOptions: readonly string[];
  readonly extraBackendOptions: readonly string[];
};

/** Looks up the traits of a version; pure. */
export function scriptTraitsOf({ version }: Release): ScriptTraits {
  const minor = Number(version.split('.')[1]);
  const newStopScripts = minor >= 4;
  return {
    jdkMinimum: minor >= 5 ? 17 : 11,
    jdkException: minor === 2 ? 8 : null,
    needsJavac: minor <= 3,
    newStopScripts,
    extraFrontendOptions: newStopScripts ? ['cluster_snapshot'] : [],
    extraBackendOptions: newStopScripts ? ['jemalloc_debug'] : [],
  };
}
