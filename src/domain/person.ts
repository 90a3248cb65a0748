/** A person who may ask for things; `disabledAt` null = not shut out. */
export type Person = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
};

/** A token without the token itself, which is kept as a hash only. */
export type ApiToken = {
  readonly id: string;
  readonly personId: string;
  readonly label: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
};
