// An API's check of access tokens with jose, status lists included: a token a line in, a line of JSON out. The contract is in
// ../README.md; ../../../docs/resource-servers.md shows the part between the marks.
import { webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline'

// Node 18 has these, but not yet as globals; the library expects them there.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const { ISSUER, AUDIENCE } = process.env

// --8<--
import { inflateSync } from 'node:zlib'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA']
const MAX_LIST_BYTES = 4 * 1024 * 1024

const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json()
if (metadata.issuer !== ISSUER) throw new Error("the metadata is another issuer's")
// Asks again for an unknown kid, but not more often than every 30 s.
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { cacheMaxAge: 300_000, cooldownDuration: 30_000 })
const lists = new Map()

// The token's number in the list: 0 is good, all else is not.
async function status({ uri, idx }) {
  let list = lists.get(uri)
  if (!list || Date.now() >= list.until) {
    if (new URL(uri).origin !== new URL(ISSUER).origin) throw new Error("a status list that is not the issuer's")
    const answer = await fetch(uri, {
      headers: { accept: 'application/statuslist+jwt' },
      redirect: 'error',
      signal: AbortSignal.timeout(5000),
    })
    if (!answer.ok) throw new Error(`the status list answered ${answer.status}`)
    const rules = { typ: 'statuslist+jwt', subject: uri, algorithms, requiredClaims: ['iat'] }
    const { payload } = await jwtVerify(await answer.text(), keys, rules)
    const { bits, lst } = payload.status_list
    const numbers = inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: MAX_LIST_BYTES })
    list = { until: Date.now() + 1000 * (payload.ttl ?? 60), bits, numbers }
    lists.set(uri, list)
  }
  const byte = list.numbers[Math.floor((idx * list.bits) / 8)]
  if (byte === undefined) throw new Error('the status list has no such place')
  return (byte >> ((idx * list.bits) % 8)) & ((1 << list.bits) - 1)
}

// The claims of a token that is good here; throws otherwise.
export async function verify(token) {
  const { payload } = await jwtVerify(token, keys, {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms,
    typ: 'at+jwt',
    clockTolerance: 10,
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
  })
  if (payload.cnf) throw new Error('bound to a key or a certificate: not to be taken as a bearer token')
  if (payload.status && (await status(payload.status.status_list)) !== 0) throw new Error('revoked')
  return payload
}
// -->8--

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ claims: await verify(line.trim()) }))
  } catch (error) {
    console.log(JSON.stringify({ refused: `${error.name}: ${error.message}` }))
  }
}
