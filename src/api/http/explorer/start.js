const token = sessionStorage.getItem('starwarden-token');
const authorization = `Bearer ${token}`;

if (token === null) {
  location.replace('/graphql');
} else {
  AltairGraphQL.init({
    endpointURL: `${location.origin}/graphql`,
    subscriptionsEndpoint: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    initialSubscriptionRequestHandlerId: 'graphql-ws',
    initialSubscriptionsPayload: { authorization },
    initialHeaders: { Authorization: authorization },
    initialQuery: '{\n  viewer {\n    name\n    permissions\n  }\n}\n',
    // The token is not for the browser to keep.
    preserveState: false,
    disableAccount: true,
  });
}
