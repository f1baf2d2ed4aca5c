// Takes a token with openid-client and verifies it with jose. The contract is in ../README.md.
import { webcrypto } from 'node:crypto'

// Node 18 has these, but not yet as globals; the libraries expect them there.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const client = await import('openid-client')
const { createRemoteJWKSet, errors, jwtVerify } = await import('jose')

const { ISSUER, CLIENT_ID, CLIENT_SECRET, AUDIENCE, SCOPE } = process.env
const ALGORITHM = process.env.ALGORITHM || 'RS256'

function discover(secret) {
  return client.discovery(new URL(ISSUER), CLIENT_ID, undefined, client.ClientSecretBasic(secret), {
    algorithm: 'oauth2',
    execute: ISSUER.startsWith('http:') ? [client.allowInsecureRequests] : [],
  })
}

async function take(config) {
  const answer = await client.clientCredentialsGrant(config, SCOPE ? { scope: SCOPE } : {})
  return answer.access_token
}

async function verify(token, keys) {
  const { payload } = await jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: [ALGORITHM],
    typ: 'at+jwt',
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
  })
  return payload
}

// The same token with one bit of its signature changed.
function flip(token) {
  const [header, payload, signature] = token.split('.')
  const raw = Buffer.from(signature, 'base64url')
  raw[raw.length >> 1] ^= 1
  return [header, payload, raw.toString('base64url')].join('.')
}

async function refusal(promise, accepted) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error(accepted)
}

// The error code of a refusal: this library hides the body behind the challenge when there is a WWW-Authenticate.
async function code(error) {
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return (await error.response.json()).error
  }
  return error.error
}

try {
  const config = await discover(CLIENT_SECRET)
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri))
  const token = await take(config)
  const claims = await verify(token, keys)

  const changed = await refusal(verify(flip(token), keys), 'a token with a changed signature was accepted')
  if (!(changed instanceof errors.JWSSignatureVerificationFailed)) throw changed

  const wrong = await refusal(take(await discover(`${CLIENT_SECRET}x`)), 'a wrong secret was accepted')
  if ((await code(wrong)) !== 'invalid_client') throw wrong

  console.log(JSON.stringify(claims))
} catch (error) {
  console.error(`${error.name}: ${error.message}${error.cause ? ` (${error.cause.message ?? JSON.stringify(error.cause)})` : ''}`)
  process.exitCode = 1
}
