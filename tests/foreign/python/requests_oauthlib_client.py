"""Takes a token with requests-oauthlib and verifies it with PyJWT. The contract is in ../README.md."""

import base64
import json
import os
import sys

import jwt
import requests
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
AUDIENCE = os.environ["AUDIENCE"]
SCOPE = os.environ.get("SCOPE") or None
ALGORITHM = os.environ.get("ALGORITHM") or "RS256"


def take(endpoint, secret):
    """The access token that the library gets for this secret."""
    session = OAuth2Session(client=BackendApplicationClient(client_id=CLIENT_ID, scope=SCOPE))
    return session.fetch_token(endpoint, auth=HTTPBasicAuth(CLIENT_ID, secret))["access_token"]


def verify(token, keys):
    """The claims of a token that holds in every respect that a resource server checks."""
    decoded = jwt.decode_complete(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=[ALGORITHM],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
    )
    if decoded["header"].get("typ", "").lower() != "at+jwt":
        raise jwt.InvalidTokenError("typ is not at+jwt")
    return decoded["payload"]


def flip(token):
    """The same token with one bit of its signature changed."""
    signed, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[len(raw) // 2] ^= 1
    return signed + "." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main():
    # requests-oauthlib does no discovery.
    metadata = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=10).json()
    if metadata["issuer"] != ISSUER:
        raise AssertionError(f"the metadata names another issuer: {metadata['issuer']}")
    keys = jwt.PyJWKClient(metadata["jwks_uri"], timeout=10)
    token = take(metadata["token_endpoint"], CLIENT_SECRET)
    claims = verify(token, keys)
    try:
        verify(flip(token), keys)
        raise AssertionError("a token with a changed signature was accepted")
    except jwt.InvalidSignatureError:
        pass
    try:
        take(metadata["token_endpoint"], CLIENT_SECRET + "x")
        raise AssertionError("a wrong secret was accepted")
    except InvalidClientError:
        pass
    print(json.dumps(claims))


try:
    main()
except Exception as error:  # one line is what the caller reads
    sys.exit(f"{type(error).__name__}: {error}")
