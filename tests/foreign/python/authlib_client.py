"""Takes a token with Authlib and verifies it with Authlib's RFC 9068 validator. The contract is in ../README.md."""

import base64
import json
import os
import sys

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]
AUDIENCE = os.environ["AUDIENCE"]
SCOPE = os.environ.get("SCOPE") or None


class Validator(JWTBearerTokenValidator):
    """A resource server's check of a token; the library leaves only fetching the keys to its user."""

    def __init__(self, jwks_uri):
        super().__init__(issuer=ISSUER, resource_server=AUDIENCE)
        self._jwks = KeySet.import_key_set(requests.get(jwks_uri, timeout=10).json())

    def get_jwks(self):
        return self._jwks

    def verify(self, token):
        """The claims; raises what the library raises."""
        claims = self.authenticate_token(token)
        self.validate_token(claims, scopes=[SCOPE] if SCOPE else None, request=None)
        return claims


def take(endpoint, secret):
    """The access token that the library gets for this secret."""
    session = OAuth2Session(CLIENT_ID, secret, scope=SCOPE, token_endpoint_auth_method="client_secret_basic")
    return session.fetch_token(endpoint, grant_type="client_credentials")["access_token"]


def flip(token):
    """The same token with one bit of its signature changed."""
    signed, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[len(raw) // 2] ^= 1
    return signed + "." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def main():
    metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(ISSUER, external=True), timeout=10).json())
    if metadata["issuer"] != ISSUER:
        raise AssertionError(f"the metadata names another issuer: {metadata['issuer']}")
    for checked in ("validate_token_endpoint_auth_methods_supported", "validate_grant_types_supported"):
        getattr(metadata, checked)()
    validator = Validator(metadata["jwks_uri"])
    token = take(metadata["token_endpoint"], CLIENT_SECRET)
    claims = validator.verify(token)
    try:
        validator.verify(flip(token))
        raise AssertionError("a token with a changed signature was accepted")
    except InvalidTokenError:
        pass
    try:
        take(metadata["token_endpoint"], CLIENT_SECRET + "x")
        raise AssertionError("a wrong secret was accepted")
    except OAuthError as error:
        if error.error != "invalid_client":
            raise
    print(json.dumps(dict(claims)))


try:
    main()
except Exception as error:  # one line is what the caller reads
    sys.exit(f"{type(error).__name__}: {error}")
