"""Receives webhooks and verifies them with the published Standard Webhooks library. The contract is in ../README.md."""

import http.server
import json
import os
import ssl
import sys
import threading

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRETS_FILE = os.environ["SECRETS_FILE"]
PRINTING = threading.Lock()


def say(line):
    with PRINTING:
        print(json.dumps(line), flush=True)


def verified_with(body, headers):
    """The secrets, by their place in the file, with which the library accepts the message."""
    accepted = []
    with open(SECRETS_FILE, encoding="ascii") as lines:
        for place, secret in enumerate(lines.read().split()):
            try:
                Webhook(secret).verify(body, headers)
                accepted.append(place)
            except WebhookVerificationError:
                pass
    return accepted


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        accepted = verified_with(body.decode(), headers)
        say({"path": self.path, "headers": headers, "body": json.loads(body), "accepted": accepted})
        self.send_response(204 if accepted else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
if "TLS_CERT" in os.environ:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
say({"port": server.server_address[1]})
threading.Thread(target=server.serve_forever, daemon=True).start()
# Ends with whoever started it.
sys.stdin.read()
