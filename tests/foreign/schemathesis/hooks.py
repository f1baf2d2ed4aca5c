"""What schemathesis cannot think of by itself: credentials, people, links, addresses that may be called.

Reads `seeds.json` in the working folder (made by tests/acceptance/api/schemathesis.rs):

- `base_url`, and `key` (`client_id`, `client_secret`) and `login` (`email`, `password`): who calls
- `bodies`: by operation, members of every second body that follows the description; `null` takes a member away

Appends `operation status` for each answer to `answers.txt`.
"""

import json
import re
from collections import Counter
from pathlib import Path

import requests
import schemathesis

SEEDS = json.loads(Path("seeds.json").read_text())
BASE = SEEDS["base_url"]
# Addresses are judged by how often they fail; what these hooks do is not what is tested.
ELSEWHERE = {"X-Forwarded-For": "198.51.100.7"}
# Deliveries go to this machine, whatever address was thought of.
AT_HOME = "127.0.0.1:9"
# There is nothing to be set up any more once it was.
AFTER = {"setUpPlatform": "showSetupLink"}

calls = Counter()


def id_of(operation):
    return operation.definition.raw["operationId"]


def is_positive(part):
    """Whether a part of a request follows the description."""
    return part is not None and part.mode.is_positive


class Session:
    """A person who signs in again when the session is over."""

    def __init__(self):
        self.headers = None

    def is_live(self):
        answer = requests.get(f"{BASE}/api/v1/session", headers=self.headers, timeout=20)
        return answer.status_code == 200

    def sign_in(self):
        answer = requests.post(f"{BASE}/api/v1/session", json=SEEDS["login"], headers=ELSEWHERE, timeout=20)
        answer.raise_for_status()
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        body = answer.json()
        return body["session_id"], {"Cookie": cookie, "X-CSRF-Token": body["csrf_token"]}

    def live(self):
        if self.headers is None or not self.is_live():
            _, self.headers = self.sign_in()
        return self.headers


SESSION = Session()


def basic():
    key = SEEDS["key"]
    return requests.auth._basic_auth_str(key["client_id"], key["client_secret"])


def bearer():
    """A new token each time: some operations end those that are there."""
    form = {"grant_type": "client_credentials"}
    answer = requests.post(f"{BASE}/connect/token", data=form, headers=ELSEWHERE | {"Authorization": basic()}, timeout=20)
    answer.raise_for_status()
    return "Bearer " + answer.json()["access_token"]


@schemathesis.auth(refresh_interval=None)
class Caller:
    """Whoever the operation's `security` names."""

    def get(self, case, context):
        schemes = [scheme for one in context.operation.definition.raw["security"] for scheme in one]
        if "accessToken" in schemes:
            return {"Authorization": bearer()}
        if "clientBasic" in schemes:
            return {"Authorization": basic()}
        if "session" in schemes:
            return SESSION.live()
        return {}

    def set(self, case, data, context):
        for name, value in data.items():
            case.headers[name] = value


def at_home(url):
    """The address with this machine for its host; the rest stays as wrong or right as it was."""
    return re.sub(r"^(https?):[\\/]*([^/?#\\]*@)?[^/?#\\]*", rf"http://\g<2>{AT_HOME}", url, flags=re.IGNORECASE)


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = id_of(case.operation)
    calls[operation] += 1
    parts = case.meta.components if case.meta is not None else {}
    positive = {place.value: is_positive(part) for place, part in parts.items()}
    if operation == "endSession" and positive.get("path", True):
        case.path_parameters["session_id"], _ = SESSION.sign_in()
    body = case.body
    if not isinstance(body, dict):
        return
    is_its_turn = calls[operation] % 2 == 1 and (operation not in AFTER or calls[AFTER[operation]] > 0)
    if positive.get("body", True) and is_its_turn:
        for name, value in SEEDS["bodies"].get(operation, {}).items():
            if value is None:
                body.pop(name, None)
            else:
                body[name] = value
    if "Webhook" in operation and isinstance(body.get("url"), str):
        body["url"] = at_home(body["url"])


@schemathesis.hook
def after_call(context, case, response):
    with open("answers.txt", "a") as answers:
        answers.write(f"{id_of(case.operation)} {response.status_code}\n")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops what is accepted on purpose although the description would have it otherwise."""
    if type(failure).__name__ != "AcceptedNegativeData":
        return True
    operation = id_of(case.operation)
    # "Parameters sent without a value MUST be treated as if they were omitted" (RFC 6749 section 3.2), also those that are
    # described as URIs.
    if operation == "issueToken" and isinstance(case.body, dict):
        resources = case.body.get("resource")
        return not (resources == "" or (isinstance(resources, list) and "" in resources))
    # The same answer to whatever text: it must not tell who is a user.
    if operation == "askForPasswordReset" and isinstance(case.body, dict):
        return not (set(case.body) == {"email"} and isinstance(case.body["email"], str))
    return True
