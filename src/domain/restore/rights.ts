import { type NamedCheck, skipped, verdict } from '../verdict.ts';

type Need = {
  readonly privilege: string;
  /** Any of these, as SHOW GRANTS prints them; the first is what is asked for. */
  readonly on: readonly [string, ...string[]];
};

type Question = {
  /** Lines of SHOW GRANTS of the user and of its roles; null = they could not be read. */
  readonly grants: readonly string[] | null;
  /** `BESIDE`: the database that is filled is made for it. */
  readonly place: 'BESIDE' | 'OWN_NAMES';
  /** The database that is filled. */
  readonly target: string;
  readonly hasViews: boolean;
};

/**
 * Whether the user may do all that a restore takes, the way back included. It only warns: where StarRocks asks somebody else
 * about rights (Apache Ranger), SHOW GRANTS says nothing of them.
 */
export function checkRights(question: Question): NamedCheck {
  const wanted = 'all that a restore takes, and what removes it again when it fails';
  const { grants } = question;
  if (grants === null) return skipped('rights', { why: 'the grants of the user could not be read', wanted });
  const held = grants.flatMap(parseGrant);
  const missing = needsOf(question).filter(
    ({ privilege, on }) => !held.some((grant) => grant.privileges.includes(privilege) && on.includes(grant.on)),
  );
  const texts = missing.map(({ privilege, on }) => `${privilege} ON ${on[0]}`);
  return verdict('rights', 'WARN', missing.length === 0, {
    observed: missing.length === 0 ? 'granted' : `no grant of ${texts.join(', ')}`,
    wanted,
    hint: `${texts.map((text) => `GRANT ${text} TO the role of Starwarden's user`).join('; ')}. Without it StarRocks refuses the statement, unless rights are kept outside of it.`,
  });
}

/** The names of the roles that a line of SHOW GRANTS gives. */
export function rolesIn(line: string): readonly string[] {
  const list = /^GRANT ('[^']+'(?:, '[^']+')*) TO /.exec(line)?.[1];
  return list === undefined ? [] : list.slice(1, -1).split("', '");
}

function needsOf({ place, target, hasViews }: Question): readonly Need[] {
  const isBeside = place === 'BESIDE';
  const inDatabase = (all: string, one: string): [string, ...string[]] => (isBeside ? [all] : [all, one]);
  const tables = inDatabase('ALL TABLES IN ALL DATABASES', `ALL TABLES IN DATABASE ${target}`);
  const databases = inDatabase('ALL DATABASES', `DATABASE ${target}`);
  return [
    ...(isBeside ? [{ privilege: 'CREATE DATABASE', on: ['CATALOG default_catalog', 'ALL CATALOGS'] } as const] : []),
    { privilege: 'CREATE TABLE', on: databases },
    ...['SELECT', 'INSERT', 'ALTER', 'DROP'].map((privilege) => ({ privilege, on: tables })),
    ...(isBeside ? [{ privilege: 'DROP', on: databases }] : []),
    ...(hasViews
      ? [
          {
            privilege: 'DROP',
            on: inDatabase('ALL VIEWS IN ALL DATABASES', `ALL VIEWS IN DATABASE ${target}`),
          },
        ]
      : []),
  ];
}

function parseGrant(line: string): readonly { readonly privileges: readonly string[]; readonly on: string }[] {
  const [, privileges, on] = /^GRANT ([A-Z][A-Z ,]*?) ON (.+?) TO (?:ROLE|USER) /.exec(line) ?? [];
  if (privileges === undefined || on === undefined) return [];
  return [{ privileges: privileges.split(', '), on: on.replaceAll(/\s+/g, ' ') }];
}
