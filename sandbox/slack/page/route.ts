import type { Core } from '../core.ts';
import type { Hands } from '../hands/hands.ts';
import type { Route } from '../server.ts';

export type PageParts = { readonly core: Core; person(name: string): Hands };

/** The page at `/`: the workspace as a person sees it. */
export function createPageRoute(_parts: PageParts): Route {
  return async () => false;
}
