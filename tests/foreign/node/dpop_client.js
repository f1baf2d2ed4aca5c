// Takes a token that is bound to a key of its own with openid-client, and uses it at the management API with proofs.
import { webcrypto } from 'node:crypto'

// Node 18 has these, but not yet as globals; the libraries expect them there.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const client = await import('openid-client')
const { calculateJwkThumbprint, createRemoteJWKSet, exportJWK, jwtVerify } = await import('jose')

const { ISSUER, CLIENT_ID, CLIENT_SECRET, AUDIENCE, SCOPE } = process.env
const ALGORITHM = process.env.ALGORITHM || 'ES256'

function expect(truth, what) {
  if (!truth) throw new Error(what)
}

try {
  const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.ClientSecretBasic(CLIENT_SECRET), {
    algorithm: 'oauth2',
    execute: ISSUER.startsWith('http:') ? [client.allowInsecureRequests] : [],
  })
  expect(config.serverMetadata().dpop_signing_alg_values_supported.includes(ALGORITHM), `${ALGORITHM} is not announced`)

  // The library asks again by itself when it is handed a nonce.
  const pair = await client.randomDPoPKeyPair(ALGORITHM, { extractable: true })
  const DPoP = client.getDPoPHandle(config, pair)
  const take = () => client.clientCredentialsGrant(config, SCOPE ? { scope: SCOPE } : {}, { DPoP })
  const answer = await take()
  expect(answer.token_type === 'dpop', `token_type ${answer.token_type}`)

  const { payload } = await jwtVerify(answer.access_token, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), {
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
  })
  const thumbprint = await calculateJwkThumbprint(await exportJWK(pair.publicKey))
  expect(payload.cnf.jkt === thumbprint, 'the token is bound to another key')

  const url = new URL(`${ISSUER}/api/v1/api-keys?limit=1`)
  const fetched = await client.fetchProtectedResource(config, answer.access_token, url, 'GET', null, null, { DPoP })
  expect(fetched.status === 200, `the API answered ${fetched.status}`)
  const stolen = await fetch(url, { headers: { authorization: `Bearer ${answer.access_token}` } })
  expect(stolen.status === 401, `as a bearer token: ${stolen.status}`)
  // Another token by the same key, with another proof.
  expect((await take()).access_token !== answer.access_token, 'the same token twice')

  console.log(JSON.stringify(payload))
} catch (error) {
  console.error(`${error.name}: ${error.message}${error.cause ? ` (${error.cause.message ?? JSON.stringify(error.cause)})` : ''}`)
  process.exitCode = 1
}
