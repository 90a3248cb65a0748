/** What an upgrade leaves on a node until it is taken back or finalized: the binaries that ran before. */
export const keptBinaries = 'kept-binaries';
