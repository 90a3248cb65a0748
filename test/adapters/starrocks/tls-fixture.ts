/**
 * A key and a certificate for `localhost` that signs itself, valid from 2020 to 2120. Made for these tests and used
 * nowhere else, so that no program for making certificates has to be installed.
 */
export const localhostKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPwS15ASEsWEt4723
rkmrx3yOEuQIStkBEe+dvcV3Q/GhRANCAASOoSKJLnyTyJouewRGQZzk/rioFuQ7
ZZ6jNxKrwqKq+FQyXwqcU/i9dHZvLppJygiTYHjuVJY1fSWxsV0vwEWJ
-----END PRIVATE KEY-----
`;

export const localhostCertificate = `-----BEGIN CERTIFICATE-----
MIIBZDCCAQugAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtsb2NhbGhv
c3QtYTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLbG9jYWxob3N0LWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASOoSKJLnyT
yJouewRGQZzk/rioFuQ7ZZ6jNxKrwqKq+FQyXwqcU/i9dHZvLppJygiTYHjuVJY1
fSWxsV0vwEWJo0gwRjAPBgNVHRMBAf8EBTADAQH/MBQGA1UdEQQNMAuCCWxvY2Fs
aG9zdDAdBgNVHQ4EFgQUWeH8uMgQ7TcqWhWVK3Fc5mbyOGwwCgYIKoZIzj0EAwID
RwAwRAIgWAeFPc0Z/ciZTx6nCUh//djiXPQqsPkqiYpqfN1HagUCID0IAXi3uTq1
jthW4jIj5TjfFrEa4vWlFkgwj0NuqjVL
-----END CERTIFICATE-----
`;

/** An authority that signed nothing of the above. */
export const strangeCertificate = `-----BEGIN CERTIFICATE-----
MIIBZjCCAQugAwIBAgIBAjAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtsb2NhbGhv
c3QtYjAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLbG9jYWxob3N0LWIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATnNcTwK0r0
LrD7OcgiyYpss9+6dUnVbn3Szu+5VW3Q6AfIcT9IRrx0NsoVGwD4KUOdHtM/kyaq
JNUCVy7gUu7Wo0gwRjAPBgNVHRMBAf8EBTADAQH/MBQGA1UdEQQNMAuCCWxvY2Fs
aG9zdDAdBgNVHQ4EFgQUM+RM3jPZhO9Ri5Xb4BC2pcaEl74wCgYIKoZIzj0EAwID
SQAwRgIhAJWhe2aO0Jq3xNQqmBJADXdyMo0qP2Wvzdc0on7tMw4aAiEAn3CYFZx2
t/sZ6GeW7D5PDjTHJTrDjyQRrQVwSU1+7/0=
-----END CERTIFICATE-----
`;
