import { compareVersions, parseVersion } from '../version.ts';

type Jdk = {
  /** E.g. `17.0.9`, `1.8.0_392`. */
  readonly version: string;
  readonly home: string | null;
  readonly hasCompiler: boolean;
};

/** What a frontend needs to start: 3.2 takes 8, or 11 and later; up to 3.3 the compiler has to be there too. */
export type JdkRule = { readonly minimum: number; readonly needsCompiler: boolean };

export function wordsForJdk({ minimum, needsCompiler }: JdkRule): string {
  return `JDK ${minimum} or later${needsCompiler ? ' with javac' : ''}`;
}

/** Why a frontend would not start with this; null = it would. */
export function whyNotStart(jdk: Jdk | null, { minimum, needsCompiler }: JdkRule): string | null {
  if (jdk === null) return 'no JDK was found';
  const where = `${jdk.version} at JAVA_HOME=${jdk.home ?? '(not set)'}`;
  const major = javaMajor(jdk.version);
  if (major === null) return `the version of ${where} cannot be read`;
  // 3.2 accepts 8, and 11 or later, and refuses the versions between.
  if (major < minimum || (minimum === 8 && major > 8 && major < 11)) return where;
  return needsCompiler && !jdk.hasCompiler ? `${where} has no javac` : null;
}

/** `1.8.0_392` is 8. */
function javaMajor(version: string): number | null {
  const [, first, second] = /^(\d{1,3})(?:\.(\d{1,3}))?/.exec(version) ?? [];
  if (first === undefined) return null;
  return first === '1' && second !== undefined ? Number(second) : Number(first);
}

/** From 3.4 on a JRE is enough. */
export function needsCompiler(version: string): boolean {
  const [target, first] = [parseVersion(version), parseVersion('3.4.0-alpha')];
  return target !== null && first !== null && compareVersions(target, first) < 0;
}
