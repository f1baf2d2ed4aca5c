// Takes a token with openid-client, which proves itself by a signed assertion, and verifies it with jose.
import { readFileSync } from 'node:fs'
import { webcrypto } from 'node:crypto'

// Node 18 has these, but not yet as globals; the libraries expect them there.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const client = await import('openid-client')
const { createRemoteJWKSet, generateKeyPair, importPKCS8, jwtVerify } = await import('jose')

const { ISSUER, CLIENT_ID, PRIVATE_KEY_FILE, AUDIENCE, SCOPE } = process.env
const ALGORITHM = process.env.ALGORITHM || 'ES256'

function discover(key) {
  return client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.PrivateKeyJwt(key), {
    algorithm: 'oauth2',
    execute: ISSUER.startsWith('http:') ? [client.allowInsecureRequests] : [],
  })
}

async function take(config) {
  const answer = await client.clientCredentialsGrant(config, SCOPE ? { scope: SCOPE } : {})
  return answer.access_token
}

// The error code of a refusal: this library hides the body behind the challenge when there is a WWW-Authenticate.
async function refusal(promise, accepted) {
  try {
    await promise
  } catch (error) {
    return error instanceof client.WWWAuthenticateChallengeError ? (await error.response.json()).error : error.error
  }
  throw new Error(accepted)
}

try {
  const config = await discover(await importPKCS8(readFileSync(PRIVATE_KEY_FILE, 'utf8'), ALGORITHM))
  const metadata = config.serverMetadata()
  if (!metadata.token_endpoint_auth_methods_supported.includes('private_key_jwt')) throw new Error('it is not announced')
  if (!metadata.token_endpoint_auth_signing_alg_values_supported.includes(ALGORITHM)) throw new Error(`no ${ALGORITHM}`)

  const token = await take(config)
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: ISSUER,
    audience: AUDIENCE,
    typ: 'at+jwt',
  })
  // Another assertion of the same key.
  if ((await take(config)) === token) throw new Error('the same token twice')

  const { privateKey } = await generateKeyPair(ALGORITHM)
  const wrong = await refusal(take(await discover(privateKey)), 'an assertion by another key was accepted')
  if (wrong !== 'invalid_client') throw new Error(`another key: ${wrong}`)

  console.log(JSON.stringify(payload))
} catch (error) {
  console.error(`${error.name}: ${error.message}${error.cause ? ` (${error.cause.message ?? JSON.stringify(error.cause)})` : ''}`)
  process.exitCode = 1
}
