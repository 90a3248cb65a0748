import type { RoleBinding as RoleBindingRow } from '../domain/access.ts';
import type { Person as PersonRow } from '../domain/person.ts';
import type { RequestContext } from './request-context.ts';

export const Person = {
  bindings: async (person: PersonRow, _: unknown, { loaders }: RequestContext) =>
    (await loaders.bindingsOfPerson.load(person.id)).map(({ binding }) => binding),
  tokens: (person: PersonRow, _: unknown, { loaders }: RequestContext) => loaders.tokensOfPerson.load(person.id),
};

export const RoleBinding = {
  scope: ({ scope }: RoleBindingRow) => scope.kind.toUpperCase(),
  environment: ({ scope }: RoleBindingRow) => (scope.kind === 'environment' ? scope.environment : null),
  clusterId: ({ scope }: RoleBindingRow) => (scope.kind === 'cluster' ? scope.clusterId : null),
};
