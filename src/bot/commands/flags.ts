export type Flag = {
  readonly name: string;
  readonly takesValue: boolean;
  readonly isList: boolean;
  /** Its value is a node, which may be two words. */
  readonly isNode?: boolean;
  /** A value of the list is any text: what stands in quotes is one value, commas included. */
  readonly isText?: boolean;
  /** The command is refused without it. */
  readonly isRequired?: boolean;
};

/** `--accept-warnings`, and `--acceptWarnings` as the API spells it. */
export function findFlag(flags: readonly Flag[], text: string): Flag | undefined {
  const name = text.replace(/^--/, '').toLowerCase();
  return (
    flags.find((flag) => flag.name === name) ??
    (name.includes('-') ? undefined : flags.find((flag) => flag.name.replaceAll('-', '') === name))
  );
}
