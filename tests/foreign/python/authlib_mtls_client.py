"""Takes a token with Authlib, which proves itself by a certificate (RFC 8705), and verifies it with PyJWT."""

import base64
import hashlib
import json
import os
import ssl
import sys

import jwt
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

ISSUER = os.environ["ISSUER"]
BASE_URL = os.environ["BASE_URL"]
CLIENT_ID = os.environ["CLIENT_ID"]
AUDIENCE = os.environ["AUDIENCE"]
CERTIFICATE, PRIVATE_KEY = os.environ["CERTIFICATE_FILE"], os.environ["PRIVATE_KEY_FILE"]
TRUST = os.environ["TRUST_FILE"]


def take(**certificate):
    """The access token that the library gets over a connection with this certificate."""
    # The client's name stands in the form, and nothing else of it.
    session = OAuth2Session(CLIENT_ID, token_endpoint_auth_method="none")
    url = f"{BASE_URL}/connect/token"
    return session.fetch_token(url, grant_type="client_credentials", verify=TRUST, **certificate)["access_token"]


def thumbprint():
    """What the token has to be bound to."""
    with open(CERTIFICATE, encoding="ascii") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def main():
    token = take(cert=(CERTIFICATE, PRIVATE_KEY))
    published = requests.get(f"{BASE_URL}/.well-known/jwks.json", verify=TRUST, timeout=10).json()
    signer = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, signer, algorithms=[signer.algorithm_name], issuer=ISSUER, audience=AUDIENCE)
    if claims["cnf"] != {"x5t#S256": thumbprint()}:
        raise AssertionError(f"the token is bound to another certificate: {claims['cnf']}")
    try:
        take()
        raise AssertionError("a client without a certificate was accepted")
    except OAuthError as error:
        if error.error != "invalid_client":
            raise
    print(json.dumps(claims))


try:
    main()
except Exception as error:  # one line is what the caller reads
    sys.exit(f"{type(error).__name__}: {error}")
