// An organization as it looks after a year: people, accounts, keys in every state, usage, webhooks, refusals. For the
// pictures of pages and for looking at all of them.

import { createServer } from "node:http";
import { once } from "node:events";

const DAY = 86_400;

const CATALOGUE = `
[[resource_servers]]
identifier = "https://payments.example.com"
name = "Payments"
[[resource_servers]]
identifier = "https://disputes.example.com"
name = "Disputes"
[[scopes]]
name = "payments:read"
resource_server = "https://payments.example.com"
description = "See payments and their state"
[[scopes]]
name = "payments:write"
resource_server = "https://payments.example.com"
description = "Make and refund payments"
implies = ["payments:read"]
[[scopes]]
name = "fx"
resource_server = "https://payments.example.com"
description = "Convert between currencies"
[[scopes]]
name = "reports:read"
resource_server = "https://payments.example.com"
description = "Download settlement reports"
[[scopes]]
name = "payouts:write"
resource_server = "https://payments.example.com"
level = "account"
description = "Pay out to bank accounts"
[[scopes]]
name = "disputes:read"
resource_server = "https://disputes.example.com"
level = "account"
description = "See disputes and their evidence"
[[scopes]]
name = "disputes:write"
resource_server = "https://disputes.example.com"
level = "account"
description = "Answer disputes"
implies = ["disputes:read"]
[[plans]]
name = "trial"
requests_per_minute = 10
requests_per_day = 500
[[organizations]]
name = "Northwind Traders"
plan = "growth"
accounts = [{ name = "Northwind Lisbon" }, { name = "Northwind Berlin" }, { name = "Northwind Online" }]
[[organizations]]
name = "Contoso Coffee"
plan = "starter"
accounts = [{ name = "Contoso Roastery" }]
[[organizations]]
name = "Fabrikam Logistics"
`;

const PASSWORD = "zebra quilt 7 harbor lantern";

/** A grant at the organization, or at an account. */
const grant = (scopes, account_id = null) => ({ account_id, scopes: scopes.split(" ") });
const READ = [grant("payments:read")];
const WRITE = [grant("payments:write fx")];

/** The token of the link with which the first operator sets up a server that has nobody yet. */
export async function setUpLink(server) {
  const printed = await server.cli(["users", "setup-link"]);
  return new URL(printed.link).searchParams.get("token");
}

/** Fills a server that has nothing yet. `server.cli(args, input)` runs a command and reads its JSON; `server.sql(text)` runs SQL;
 * `server.linkMailedTo(email)` reads the token of the link that is mailed to somebody. */
export async function fillDemo(server) {
  const { url } = server;
  const cli = (args, input) => server.cli(args, input);
  const sql = (text) => server.sql(text);
  const now = Math.floor(Date.now() / 1000);
  await cli(["apply", "-"], CATALOGUE);
  const organizations = Object.fromEntries((await cli(["organizations", "list"])).map(({ id, name }) => [name, id]));
  const organization = organizations["Northwind Traders"];
  const platform = "org_00000000000000000000000000";
  const named = Object.fromEntries((await cli(["accounts", "list", "--organization", organization])).map(({ id, name }) => [name, id]));
  const accounts = ["Northwind Lisbon", "Northwind Berlin", "Northwind Online"].map((name) => named[name]);

  const person = async (role, email, name, of = organization) => {
    const { id } = await cli(["users", "create", "--organization", of, "--email", email, "--role", role, "--name", name], PASSWORD);
    return { id, email, password: PASSWORD };
  };
  const people = {
    owner: await person("owner", "ines@northwind.example", "Inês Almeida"),
    admin: await person("admin", "jonas@northwind.example", "Jonas Weber"),
    developer: await person("developer", "aisha@northwind.example", "Aisha Khan"),
    newcomer: await person("owner", "first@fabrikam.example", "Maya Lindqvist", organizations["Fabrikam Logistics"]),
    operator: await person("owner", "operations@platform.example", "Platform Operations", platform),
    observer: await person("developer", "support@platform.example", "Platform Support", platform),
  };
  const former = await person("developer", "former@northwind.example", "Former Colleague");
  await cli(["users", "disable", former.id]);

  const api = await signedIn(url, people.owner);
  const invited = await api("POST", "/users", { email: "leo@northwind.example", name: "Leo Marín", role: "developer" });
  const invitation = await server.linkMailedTo(invited.email);
  await fetch(`${url}/api/v1/password-reset`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ email: people.admin.email }) });
  const passwordReset = await server.linkMailedTo(people.admin.email);
  const key = (name, grants, rest = {}) => api("POST", "/api-keys", { name, kind: "scoped", grants, ...rest });
  const history = [`UPDATE meta SET value = '${now - 60 * DAY}' WHERE name = 'usage_counted_since'`];
  const aged = ({ client_id }, days) => {
    const then = now - days * DAY;
    history.push(`UPDATE api_keys SET created_at = ${then}, updated_at = ${then} WHERE client_id = '${client_id}'`);
    history.push(`UPDATE api_secrets SET created_at = ${then} WHERE client_id = '${client_id}'`);
  };
  const used = ({ client_id }, seconds, address) => {
    const use = `last_used_at = ${now - seconds}, last_used_ip = '${address}'`;
    history.push(`UPDATE api_keys SET ${use} WHERE client_id = '${client_id}'`);
    history.push(`UPDATE api_secret_uses SET ${use} WHERE secret_id IN (SELECT id FROM api_secrets WHERE client_id = '${client_id}')`);
  };

  const [lisbon, berlin] = accounts;
  const checkout = await key("Checkout backend", [...WRITE, grant("disputes:read payouts:write", lisbon)], {
    max_payout: "2500.00",
    ip_allowlist: ["203.0.113.0/24", "2001:db8::/32"],
    plan: "growth",
  });
  aged(checkout, 41);
  used(checkout, 7 * 60, "203.0.113.40");
  const organizationAdmin = await api("POST", "/api-keys", { name: "Organization admin", kind: "admin" });
  aged(organizationAdmin, 12);
  used(organizationAdmin, 2 * 3600, "198.51.100.7");
  await api("POST", "/api-keys", { name: "Lisbon admin", kind: "admin", account_id: lisbon });
  const stale = await key("Nightly settlement export", [grant("reports:read payments:read")]);
  aged(stale, 214);
  used(stale, 3 * 3600, "198.51.100.24");
  const unused = await key("Old ERP connector", READ);
  aged(unused, 330);
  used(unused, 130 * DAY, "192.0.2.80");
  const disabled = await key("Fraud scoring (paused)", [...READ, grant("disputes:read", "*")]);
  await api("POST", `/api-keys/${disabled.client_id}/disable`);
  const expired = await key("Black Friday load test", WRITE, { expires_at: "2035-01-01T00:00:00Z" });
  aged(expired, 60);
  history.push(`UPDATE api_keys SET expires_at = ${now - 5 * DAY} WHERE client_id = '${expired.client_id}'`);
  const inTenDays = new Date((now + 10 * DAY) * 1000).toISOString().replace(/\.\d+Z/, "Z");
  await key("Consultant, until the audit is done", READ, { expires_at: inTenDays });
  const hostile = await key("<img src=x onerror=alert(1)>", READ);
  await key("A name of exactly sixty-four characters, as long as names can be", [...READ, grant("disputes:write payouts:write", berlin)]);
  await key("Ünïcödé ✓ 支払い", READ);
  await key("Short-lived tokens", READ, { token_lifetime_seconds: 300, token_endpoint_auth_method: "client_secret_post" });
  const signing = await key("Ledger reconciliation", READ, {
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [{ kty: "OKP", crv: "Ed25519", kid: "ledger-2026", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] },
    require_bound_tokens: true,
  });
  const workload = await key("Settlement job on Kubernetes", [grant("reports:read")], {
    token_endpoint_auth_method: "workload_jwt",
    trusted_issuer: {
      issuer: "https://kubernetes.northwind.example",
      subject: "system:serviceaccount:settlement:export",
      audience: url,
    },
  });
  const certified = await key("Bank file transfer", [grant("payouts:write", lisbon)], {
    token_endpoint_auth_method: "tls_client_auth",
    tls_client_auth_subject_dn: "CN=bank-transfer,O=Northwind Traders,C=PT",
  });
  for (const team of TEAMS) {
    const more = team.length % 3 === 0 ? [grant("disputes:read", accounts[team.length % 2])] : [];
    const made = await key(team, [...(team.length % 2 === 0 ? WRITE : READ), ...more]);
    aged(made, (team.length * 7) % 85);
    used(made, team.length * 911, "203.0.113.17");
  }
  const deleted = await key("Retired integration", READ);
  await api("DELETE", `/api-keys/${deleted.client_id}`);
  const integrator = await key("Webhook automation", [grant("webhooks:write api-keys:read")]);

  await tellWebhooks(api);
  await use(url, checkout, integrator);
  history.push(...counts([checkout, stale, organizationAdmin], now));
  await sql(`BEGIN; ${history.join("; ")}; COMMIT`);
  // Its second secret is new, the first one as old as the key.
  const rotated = await api("POST", `/api-keys/${checkout.client_id}/regenerate`, { grace_period_seconds: 604_800 });

  const one = async (query) => (await sql(query)).trim();
  return {
    people,
    ids: {
      organization,
      account: lisbon,
      key: checkout.client_id,
      stale_key: stale.client_id,
      disabled_key: disabled.client_id,
      hostile_key: hostile.client_id,
      admin_key: organizationAdmin.client_id,
      signing_client: signing.client_id,
      workload_client: workload.client_id,
      certified_client: certified.client_id,
      expired_key: expired.client_id,
      old_secret: rotated.secrets[1].id,
      user: people.developer.id,
      oneself: people.owner.id,
      invited_user: invited.id,
      disabled_user: former.id,
      empty_organization: organizations["Contoso Coffee"],
      invitation,
      password_reset: passwordReset,
      webhook: await one(`SELECT id FROM webhooks WHERE organization_id = '${organization}' ORDER BY created_at, id LIMIT 1`),
      failing_webhook: await one("SELECT id FROM webhooks WHERE description = 'Chat notifications'"),
      resource_server: await one("SELECT id FROM resource_servers WHERE name = 'Payments'"),
    },
    keys: { checkout, integrator },
    /** From now on the password is asked for again. */
    forgetProofs: () => sql("UPDATE sessions SET proved_at = proved_at - 301"),
    /** Somebody is signed out everywhere. */
    endSessions: ({ id }) => sql(`DELETE FROM sessions WHERE user_id = '${id}'`),
  };
}

const TEAMS = [
  "Mobile app gateway",
  "Point of sale",
  "Marketplace sync",
  "Data warehouse",
  "Chargeback desk",
  "Customer support tool",
  "Invoice printer",
  "Loyalty points",
  "Webshop staging",
  "Webshop production",
  "Subscription billing",
  "Treasury",
  "Status page probe",
  "CI integration tests",
  "Partner portal",
  "Tax engine",
];

/** The management API with a session: a function that asks it and fails when it refuses. */
async function signedIn(url, { email, password }) {
  const ask = async (method, path, body, headers) => {
    const sent = { ...headers, ...(body && { "Content-Type": "application/json" }) };
    const answer = await fetch(`${url}/api/v1${path}`, { method, headers: sent, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const session = await ask("POST", "/session", { email, password });
  const [Cookie] = session.headers.get("set-cookie").split(";");
  const { csrf_token } = await session.json();
  return async (method, path, body) => {
    const answer = await ask(method, path, body, { Cookie, "X-CSRF-Token": csrf_token });
    return answer.status === 204 ? null : answer.json();
  };
}

/** Two receivers of events on this machine: one that takes them, one that fails. They end with the program. */
async function tellWebhooks(api) {
  for (const [status, description] of [[204, "Security information system"], [500, "Chat notifications"]]) {
    const receiver = createServer((request, response) => request.resume().on("end", () => response.writeHead(status).end()));
    receiver.listen(0, "127.0.0.1").unref();
    await once(receiver, "listening");
    const { id } = await api("POST", "/webhooks", { url: `http://127.0.0.1:${receiver.address().port}/hooks`, description });
    await api("POST", `/webhooks/${id}/test`);
  }
}

/** Some requests of now: one is granted, others are refused for the address or for a wrong secret. */
async function use(url, refused, granted) {
  const take = ({ client_id, client_secret }) =>
    fetch(`${url}/connect/token`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
  await take(granted);
  await take(refused);
  await take({ ...refused, client_secret: "clv_00000000000000000000000000000000000000WRONG4Tb18U" });
}

/** The SQL of thirty days of counts. */
function counts(keys, now) {
  const hour = now - (now % 3600);
  const today = now - (now % DAY);
  const tokens = [];
  const refusals = [];
  keys.forEach(({ client_id }, which) => {
    // By the hour for two days, by the quarter of a day before.
    for (let back = 1; back < 30 * 24; back += back < 48 ? 1 : 6) {
      const at = hour - back * 3600;
      const daytime = 0.4 + 0.6 * Math.sin(((at % DAY) / DAY) * Math.PI);
      tokens.push(`('${client_id}', ${at}, 1001, ${Math.round((back < 48 ? 40 : 240) / (which + 1) * daytime + (back % 7))})`);
      if (back % 3 === 0) tokens.push(`('${client_id}', ${at}, 1002, ${(back % 11) + 1})`);
      if (back % 37 === 0) refusals.push(`('${client_id}', ${at}, 'wrong_secret', ${(back % 5) + 1})`);
    }
  });
  return [
    `INSERT INTO scope_sets (id, granted, requested, last_used_on) VALUES (1001, 'fx payments:read payments:write', NULL, ${today}), (1002, 'payments:read', 'payments:read', ${today})`,
    `INSERT INTO token_usage (client_id, hour, scope_set_id, tokens) VALUES ${tokens.join(", ")}`,
    `INSERT INTO refusal_usage (client_id, hour, reason, refusals) VALUES ${refusals.join(", ")}`,
  ];
}
