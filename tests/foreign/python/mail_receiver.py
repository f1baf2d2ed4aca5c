"""Receives mail over real SMTP (aiosmtpd) and prints what arrived, parsed by Python's own library. The contract is in
../README.md."""

import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = os.environ.get("SMTP_USER"), os.environ.get("SMTP_PASSWORD")
# What is answered to the first deliveries, e.g. "451 not now|554 never".
REFUSALS = [line for line in os.environ.get("REFUSALS", "").split("|") if line]


def say(line):
    print(json.dumps(line), flush=True)


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == USER.encode() and data.password == PASSWORD.encode()
    # Not handled: the library is to answer 535 itself.
    return AuthResult(success=good, handled=good)


class Receiver:
    async def handle_DATA(self, server, session, envelope):
        if REFUSALS:
            return REFUSALS.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            {
                "tls": session.ssl is not None or implicit is not None,
                "authenticated": bool(session.authenticated),
                "envelope_from": envelope.mail_from,
                "envelope_to": envelope.rcpt_tos,
                "headers": [[name, str(value)] for name, value in message.items()],
                "text": message.get_body(("plain",)).get_content(),
                "html": message.get_body(("html",)).get_content(),
                "defects": [str(defect) for defect in message.defects],
            }
        )
        return "250 OK"


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    return made


mode = os.environ["MODE"]  # starttls, implicit or plain
implicit = context() if mode == "implicit" else None
options = {}
if mode == "starttls":
    options = {"tls_context": context(), "require_starttls": True}
if USER:
    options.update(authenticator=authenticate, auth_required=True, auth_require_tls=mode == "starttls")
controller = Controller(
    Receiver(), hostname="127.0.0.1", port=int(os.environ["PORT"]), ssl_context=implicit, ready_timeout=20, **options
)
controller.start()
say({"port": controller.port})
# Ends with whoever started it.
sys.stdin.read()
controller.stop()
