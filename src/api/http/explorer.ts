import { readFileSync } from 'node:fs';
import { getDistDirectory, isSandboxFrame, renderAltair, SANDBOX_FRAME_CSP } from 'altair-static';
import express, { type Response, Router } from 'express';

const base = '/graphql/explorer/';
const ours = { 'ask.js': 'text/javascript', 'ask.css': 'text/css', 'start.js': 'text/javascript' } as const;

/** The explorer is an application of its own, and all of its files come from here: nothing is loaded from elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * `GET /graphql` for browsers: a page that asks for a token, and behind it a GraphQL explorer, served from the installed
 * packages. Everything else goes on to the next handler.
 */
export function makeExplorer(): Router {
  const router = Router();
  router.get('/', (request, response, next) => {
    // A request that does not accept a page comes from a client that used the wrong method, and has to get that answer.
    if (!(request.headers.accept ?? '').includes('text/html')) return next();
    sendPage(response, read('ask.html'));
  });
  router.get('/explorer/', (_request, response) =>
    sendPage(response, renderAltair({ baseURL: base, serveInitialOptionsInSeperateRequest: 'start.js' })),
  );
  for (const [name, type] of Object.entries(ours)) {
    router.get(`/explorer/${name}`, (_request, response) => response.type(type).send(read(name)));
  }
  router.use(
    '/explorer',
    express.static(getDistDirectory(), {
      index: false,
      setHeaders: (response, path) =>
        response.setHeader('Content-Security-Policy', isSandboxFrame(path) ? SANDBOX_FRAME_CSP : policy),
    }),
  );
  return router;
}

function sendPage(response: Response, html: string): void {
  response.setHeader('Content-Security-Policy', policy);
  response.type('text/html').send(html);
}

function read(name: string): string {
  return readFileSync(new URL(`./explorer/${name}`, import.meta.url), 'utf8');
}
