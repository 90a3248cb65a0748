/** How the frontends and backends themselves get at a store; a key is a reference to a secret. */
export type StoreProperties = {
  readonly s3: {
    readonly endpoint: string | null;
    readonly region: string | null;
    readonly pathStyle: boolean;
    /** Null = the machines have the right by themselves (an instance profile). */
    readonly keys: { readonly accessKeyRef: string; readonly secretKeyRef: string } | null;
  } | null;
  readonly hdfs: { readonly username: string; readonly passwordRef: string | null } | null;
};

/** One of PROPERTIES: a text, or the secret behind a reference. */
export type Property = { readonly key: string } & ({ readonly value: string } | { readonly secretRef: string });

/**
 * The PROPERTIES of CREATE REPOSITORY. StarRocks reads the names that begin with `aws.s3.` for every store that speaks S3
 * (3.1 to 4.0), and ignores names it does not know.
 */
export function repositoryProperties({ s3, hdfs }: StoreProperties): readonly Property[] {
  const given = (key: string, value: string | null): readonly Property[] => (value === null ? [] : [{ key, value }]);
  return [
    ...(s3 === null
      ? []
      : [
          ...(s3.keys === null
            ? [{ key: 'aws.s3.use_instance_profile', value: 'true' }]
            : [
                { key: 'aws.s3.access_key', secretRef: s3.keys.accessKeyRef },
                { key: 'aws.s3.secret_key', secretRef: s3.keys.secretKeyRef },
              ]),
          ...given('aws.s3.endpoint', s3.endpoint),
          ...given('aws.s3.region', s3.region),
          ...given('aws.s3.enable_path_style_access', s3.pathStyle ? 'true' : null),
        ]),
    ...(hdfs === null
      ? []
      : [
          { key: 'username', value: hdfs.username },
          ...(hdfs.passwordRef === null ? [] : [{ key: 'password', secretRef: hdfs.passwordRef }]),
        ]),
  ];
}
