// Looks a token up in its status list with @sd-jwt/jwt-status-list, both verified with jose. The contract is in ../README.md.
import { webcrypto } from 'node:crypto'

globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const { createRemoteJWKSet, jwtVerify } = await import('jose')
const { getListFromStatusListJWT, getStatusListFromJWT } = await import('@sd-jwt/jwt-status-list')

const { ISSUER, TOKEN } = process.env

try {
  const metadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json()
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri))
  await jwtVerify(TOKEN, keys, { issuer: ISSUER, typ: 'at+jwt' })

  const { idx, uri } = getStatusListFromJWT(TOKEN)
  const answer = await fetch(uri, { headers: { accept: 'application/statuslist+jwt' } })
  if (!answer.ok) throw new Error(`${uri} answered ${answer.status}`)
  const list = await answer.text()
  await jwtVerify(list, keys, { subject: uri, typ: 'statuslist+jwt', requiredClaims: ['iat', 'exp', 'status_list'] })
  console.log(JSON.stringify({ uri, idx, status: getListFromStatusListJWT(list).getStatus(idx) }))
} catch (error) {
  console.error(`${error.name}: ${error.message}${error.cause ? ` (${error.cause.message ?? JSON.stringify(error.cause)})` : ''}`)
  process.exitCode = 1
}
