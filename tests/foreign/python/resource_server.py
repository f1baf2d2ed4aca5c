"""An API's check of access tokens with PyJWT, status lists included: a token a line in, a line of JSON out. The contract is in
../README.md; ../../../docs/resource-servers.md shows the part between the marks."""

import json
import os
import sys

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]

# --8<--
import time
import zlib
from urllib.parse import urlsplit

import jwt  # PyJWT[crypto]
import requests

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
MAX_LIST_BYTES = 4 * 1024 * 1024

metadata = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=5).json()
if metadata["issuer"] != ISSUER:
    raise RuntimeError("the metadata is another issuer's")
keys = jwt.PyJWKClient(metadata["jwks_uri"], lifespan=300, timeout=5)
lists = {}


def signed(token, typ, **rules):
    """The claims of a token of this type."""
    # The key, not its material: it knows its one algorithm.
    decoded = jwt.decode_complete(token, keys.get_signing_key_from_jwt(token), algorithms=ALGORITHMS, **rules)
    if decoded["header"].get("typ", "").lower() != typ:
        raise jwt.InvalidTokenError("a token of another kind")
    return decoded["payload"]


def status(uri, index):
    """The token's number in the list: 0 is good, all else is not."""
    until, bits, numbers = lists.get(uri, (0, 1, b""))
    if time.monotonic() >= until:
        if urlsplit(uri)[:2] != urlsplit(ISSUER)[:2]:
            raise jwt.InvalidTokenError("a status list that is not the issuer's")
        answer = requests.get(uri, headers={"Accept": "application/statuslist+jwt"}, timeout=5, allow_redirects=False)
        answer.raise_for_status()
        options = {"require": ["sub", "iat"], "verify_aud": False}
        claims = signed(answer.text, "statuslist+jwt", subject=uri, options=options)
        bits, lst = claims["status_list"]["bits"], claims["status_list"]["lst"]
        inflating = zlib.decompressobj()
        numbers = inflating.decompress(jwt.utils.base64url_decode(lst), MAX_LIST_BYTES)
        if not inflating.eof:
            raise jwt.InvalidTokenError("a status list that is too long")
        lists[uri] = (time.monotonic() + claims.get("ttl", 60), bits, numbers)
    return numbers[index * bits // 8] >> (index * bits % 8) & ((1 << bits) - 1)


def verify(token):
    """The claims of a token that is good here; raises otherwise."""
    required = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]
    claims = signed(token, "at+jwt", issuer=ISSUER, audience=AUDIENCE, leeway=10, options={"require": required})
    if "cnf" in claims:
        raise jwt.InvalidTokenError("bound to a key or a certificate: not to be taken as a bearer token")
    if "status" in claims:
        entry = claims["status"]["status_list"]
        if status(entry["uri"], entry["idx"]) != 0:
            raise jwt.InvalidTokenError("revoked")
    return claims
# -->8--


for line in sys.stdin:
    try:
        print(json.dumps({"claims": verify(line.strip())}), flush=True)
    except Exception as error:  # one line is what the caller reads
        print(json.dumps({"refused": f"{type(error).__name__}: {error}"}), flush=True)
