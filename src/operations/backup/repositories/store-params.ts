import { z } from 'zod';

/** How Starwarden itself reaches a store; keys are references to secrets. */
export const accessParams = z.object({
  endpoint: z.string().nullable(),
  region: z.string().nullable(),
  pathStyle: z.boolean(),
  accessKeyRef: z.string(),
  secretKeyRef: z.string(),
});

export const placeParams = z.object({ name: z.string(), location: z.string(), readOnly: z.boolean() });

export function repositorySubject({ name }: { readonly name: string }) {
  return { kind: 'repository', id: name, label: name } as const;
}
