"""Takes a token with Authlib, which proves itself by a signed assertion, and verifies it with PyJWT."""

import json
import os
import sys
import time

import jwt
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import get_well_known_url
from joserfc.jwk import ECKey, RSAKey

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]
AUDIENCE = os.environ["AUDIENCE"]
SCOPE = os.environ.get("SCOPE") or None
ALGORITHM = os.environ.get("ALGORITHM") or "ES256"
KIND = ECKey if ALGORITHM.startswith("ES") else RSAKey


def take(endpoint, key):
    """The access token that the library gets for an assertion by this key."""
    # What it calls the token endpoint is the audience. Its assertions live for an hour unless told otherwise, which is too long
    # here; and what claims it is given it keeps, with the first jti: so a new one for each.
    method = PrivateKeyJWT(ISSUER, claims={"exp": int(time.time()) + 60}, alg=ALGORITHM)
    session = OAuth2Session(CLIENT_ID, key, scope=SCOPE, token_endpoint_auth_method=method)
    return session.fetch_token(endpoint, grant_type="client_credentials")["access_token"]


def main():
    metadata = requests.get(get_well_known_url(ISSUER, external=True), timeout=10).json()
    with open(os.environ["PRIVATE_KEY_FILE"], encoding="ascii") as file:
        key = KIND.import_key(file.read())
    token = take(metadata["token_endpoint"], key)
    signer = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, signer, algorithms=[signer.algorithm_name], issuer=ISSUER, audience=AUDIENCE)
    if take(metadata["token_endpoint"], key) == token:
        raise AssertionError("the same token twice")
    try:
        take(metadata["token_endpoint"], KIND.generate_key("P-256" if KIND is ECKey else 2048))
        raise AssertionError("an assertion by another key was accepted")
    except OAuthError as error:
        if error.error != "invalid_client":
            raise
    print(json.dumps(claims))


try:
    main()
except Exception as error:  # one line is what the caller reads
    sys.exit(f"{type(error).__name__}: {error}")
