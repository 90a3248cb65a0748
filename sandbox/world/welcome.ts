import type { WorldDescription } from './describe.ts';

const notRegistered =
  'not registered with this Starwarden: do so with registerCluster and attachHosts, or start with --register';

/** What whoever started a sandbox at a terminal is told. Pure. */
export function welcome(described: WorldDescription, { register }: { register: boolean }): string {
  const { cluster, hosts, slack, graphqlUrl, token, logs } = described;
  const [frontend] = cluster.frontends;
  const [host] = hosts;
  return [
    `SQL        mysql -h ${frontend?.host} -P ${frontend?.queryPort} -u ${cluster.sqlUser} -p${cluster.sqlPassword}`,
    `SSH        ssh -i ${host?.keyFile} -p ${host?.sshPort} ${host?.user}@${host?.address}`,
    ...(slack === null ? [] : [`Slack      ${slack.url}`]),
    ...(graphqlUrl === null ? [] : [`GraphQL    ${graphqlUrl}   token ${token}`]),
    ...(graphqlUrl === null
      ? []
      : [`cluster    ${register ? `${cluster.name} is registered, its hosts are attached` : notRegistered}`]),
    `logs       ${logs.statements}`,
    'commands   npm run sandbox -- --help',
  ].join('\n');
}
