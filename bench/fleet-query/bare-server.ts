import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import express from 'express';
import { z } from 'zod';
import { operations } from '../../src/operations/index.ts';
import { loadTypeDefs } from '../../src/schema/load.ts';

/*
 * What Starwarden is compared with: the same schema on the same Express and Apollo, without tokens, limits, loaders and
 * database. Its one resolver answers what the file in its argument holds.
 */

const [file = ''] = process.argv.slice(2);
const data = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
const schema = makeExecutableSchema({
  typeDefs: loadTypeDefs([...operations]),
  resolvers: { Query: { clusters: () => data.clusters } },
});
const apollo = new ApolloServer({
  schema,
  plugins: [ApolloServerPluginCacheControlDisabled()],
  csrfPrevention: true,
  stopOnTerminationSignals: false,
});
await apollo.start();
const app = express();
app.use('/graphql', express.json({ limit: '256kb' }), expressMiddleware(apollo));
const server = createServer(app);
server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  console.log(JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}` }));
});
process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await apollo.stop();
});
