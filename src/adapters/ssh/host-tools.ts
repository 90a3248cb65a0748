/** What the scripts in `host-commands.ts` and the upgrade need on a host. */
export const neededTools = ['tar', 'gzip', 'flock', 'sha256sum', 'stat', 'awk', 'sed', 'grep'] as const;

/** One of them is enough; they are only needed where hosts fetch archives themselves. */
export const downloaders = ['curl', 'wget'] as const;
