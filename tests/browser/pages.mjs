// Every page: by whom it is looked at, and where it is. The pictures are made of this list, and a test looks at each of its
// pages with axe-core. In a path, `{key}` and the like are ids of the demo (lib/demo.mjs). `act` does something first.

export const pages = [
  { name: "sign-in", as: "visitor", path: "/sign-in" },
  { name: "sign-in-refused", as: "visitor", path: "/sign-in", act: refuseSignIn },
  { name: "reference", as: "visitor", path: "/docs" },
  { name: "forgot-password", as: "visitor", path: "/forgot-password" },
  { name: "invitation-dead", as: "visitor", path: "/invitation", status: 410 },
  { name: "password-reset-dead", as: "visitor", path: "/password-reset", status: 410 },
  { name: "setup-dead", as: "visitor", path: "/setup", status: 410 },
  { name: "profile", as: "owner", path: "/profile" },
  { name: "organization", as: "owner", path: "/organization" },
  { name: "accounts", as: "owner", path: "/accounts" },
  { name: "accounts-none-found", as: "owner", path: "/accounts?search=nothing+like+it" },
  { name: "account-new", as: "owner", path: "/accounts/new" },
  { name: "account", as: "owner", path: "/accounts/{account}" },
  { name: "users", as: "owner", path: "/users" },
  { name: "user-new", as: "owner", path: "/users/new" },
  { name: "user", as: "owner", path: "/users/{user}" },
  { name: "webhooks", as: "owner", path: "/webhooks" },
  { name: "webhook-new", as: "owner", path: "/webhooks/new" },
  { name: "webhook", as: "owner", path: "/webhooks/{webhook}" },
  { name: "webhook-edit", as: "owner", path: "/webhooks/{webhook}/edit" },
  { name: "webhook-secret-gone", as: "owner", path: "/webhooks/{webhook}/secret" },
  { name: "audit-log", as: "owner", path: "/audit-log" },
  { name: "audit-log-entry", as: "owner", path: "/audit-log?action=api_key.regenerated", act: openEntry },
  { name: "audit-log-nothing", as: "admin", path: "/audit-log?to=2020-01-01" },
  { name: "users-seen-by-an-admin", as: "admin", path: "/users" },
  { name: "accounts-seen-by-a-developer", as: "developer", path: "/accounts" },
  { name: "api-keys", as: "owner", path: "/api-keys" },
  { name: "api-keys-access", as: "developer", path: "/api-keys?sort=name", act: openAccess },
  { name: "api-keys-none", as: "owner", path: "/api-keys?search=no+such+key" },
  { name: "api-keys-first", as: "operator", path: "/api-keys" },
  { name: "api-key-new", as: "developer", path: "/api-keys/new" },
  { name: "api-key-new-refused", as: "owner", path: "/api-keys/new", act: refuseKey },
  { name: "api-key-secret", as: "developer", path: "/api-keys/new", act: makeKey },
  { name: "api-key-secret-gone", as: "owner", path: "/api-keys/{key}/secret" },
  { name: "api-key-edit", as: "owner", path: "/api-keys/{key}/edit", act: editKey },
  { name: "api-keys-empty", as: "newcomer", path: "/api-keys" },
  { name: "api-keys-found", as: "owner", path: "/api-keys?search=web&kind=scoped" },
  { name: "api-key", as: "owner", path: "/api-keys/{key}" },
  { name: "api-key-month", as: "owner", path: "/api-keys/{key}?days=30" },
  { name: "api-key-stale", as: "owner", path: "/api-keys/{stale_key}" },
  { name: "api-key-disabled", as: "owner", path: "/api-keys/{disabled_key}" },
  { name: "api-key-admin", as: "owner", path: "/api-keys/{admin_key}" },
  { name: "api-key-hostile-name", as: "owner", path: "/api-keys/{hostile_key}" },
  { name: "api-key-seen-by-a-developer", as: "developer", path: "/api-keys/{key}" },
  { name: "api-key-regenerate", as: "owner", path: "/api-keys/{key}/regenerate" },
  { name: "api-key-retire-secret", as: "owner", path: "/api-keys/{key}/secrets/{old_secret}/retire" },
  { name: "api-key-new-public-keys", as: "owner", path: "/api-keys/new", act: (page) => chooseMethod(page, "An assertion that it signs", "are not given yet") },
  { name: "api-key-new-workload", as: "owner", path: "/api-keys/new", act: (page) => chooseMethod(page, "A token of the platform", "is not said yet") },
  { name: "api-key-that-signs", as: "owner", path: "/api-keys/{signing_client}" },
  { name: "api-key-of-a-workload", as: "owner", path: "/api-keys/{workload_client}" },
  { name: "api-key-with-a-certificate", as: "owner", path: "/api-keys/{certified_client}" },
  { name: "api-key-that-signs-edit", as: "owner", path: "/api-keys/{signing_client}/edit" },
  { name: "api-key-duplicate", as: "owner", path: "/api-keys/{key}/duplicate" },
  { name: "api-key-disable", as: "owner", path: "/api-keys/{key}/disable" },
  { name: "api-key-enable", as: "owner", path: "/api-keys/{disabled_key}/enable" },
  { name: "api-key-revoke-tokens", as: "owner", path: "/api-keys/{key}/revoke-tokens" },
  { name: "api-key-delete", as: "owner", path: "/api-keys/{hostile_key}/delete" },
  { name: "try-it", as: "owner", path: "/try-it" },
  { name: "try-it-issued", as: "owner", path: "/try-it", act: (page, demo) => tryKey(page, demo.keys.integrator) },
  { name: "try-it-refused", as: "owner", path: "/try-it", act: (page, demo) => tryKey(page, demo.keys.checkout) },
  { name: "try-it-elsewhere", as: "developer", path: "/try-it?client_id={signing_client}" },
  { name: "try-it-pasted", as: "owner", path: "/try-it", act: (page, demo) => pasteToken(page, demo.keys.integrator) },
  { name: "users-found", as: "owner", path: "/users?search=jonas" },
  { name: "users-none-found", as: "owner", path: "/users?search=nobody+like+that" },
  { name: "usage", as: "owner", path: "/usage" },
  { name: "operator-organizations", as: "operator", path: "/operator/organizations" },
  { name: "operator-organization-new", as: "operator", path: "/operator/organizations/new" },
  { name: "operator-organization", as: "operator", path: "/operator/organizations/{organization}" },
  { name: "operator-plans", as: "operator", path: "/operator/plans" },
  { name: "operator-plan-new", as: "operator", path: "/operator/plans/new" },
  { name: "operator-plan", as: "operator", path: "/operator/plans/trial" },
  { name: "operator-catalogue", as: "operator", path: "/operator/catalogue" },
  { name: "operator-resource-server-new", as: "operator", path: "/operator/catalogue/resource-servers/new" },
  { name: "operator-resource-server", as: "operator", path: "/operator/catalogue/resource-servers/{resource_server}" },
  { name: "operator-scope-new", as: "operator", path: "/operator/catalogue/scopes/new" },
  { name: "operator-scope", as: "operator", path: "/operator/catalogue/scopes/payments:write" },
  { name: "operator-signing-keys", as: "operator", path: "/operator/signing-keys" },
  { name: "operator-health", as: "operator", path: "/operator/health" },
  { name: "not-found", as: "owner", path: "/nothing-here", status: 404 },
  { name: "not-allowed", as: "developer", path: "/users/new", status: 403 },
  { name: "confirm-password", as: "owner", path: "/api-keys/{stale_key}/disable", act: confirmPassword },
];

async function tryKey(page, { client_id, client_secret }) {
  await page.getByLabel("Client id").fill(client_id);
  await page.getByLabel("Secret", { exact: true }).fill(client_secret);
  await page.getByRole("button", { name: "Ask for a token" }).click();
  await page.getByRole("heading", { name: /Token issued|refused|not allowed|address/i, level: 2 }).first().waitFor();
}

async function pasteToken(page, key) {
  await tryKey(page, key);
  const token = await page.locator("#token").textContent();
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Explain it" }).click();
  await page.getByRole("heading", { name: "The token is live" }).waitFor();
}

async function chooseMethod(page, label, missing) {
  await fillKey(page);
  await page.getByLabel(label).check();
  await page.getByText(missing).waitFor();
}

/** The question in the middle of a form; it is asked when the last proof is old. */
async function confirmPassword(page, demo) {
  await demo.forgetProofs();
  await page.getByRole("main").getByRole("button", { name: /disable/i }).click();
  await page.getByRole("heading", { name: "Confirm your password" }).waitFor();
}

async function openEntry(page) {
  await page.locator("details.entry > summary").first().click();
}

async function refuseSignIn(page) {
  await page.getByLabel("E-mail address").fill("somebody@northwind.example");
  await page.getByLabel("Password").fill("not this one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
}

async function openAccess(page) {
  await page.locator("details.access summary").first().click();
}

async function fillKey(page) {
  await page.getByLabel("Name").fill("Nightly export, production");
  await page.getByRole("group", { name: "payments", exact: true }).getByText("Write", { exact: true }).click();
  await page.getByLabel("Northwind Berlin").check();
  await page.getByRole("group", { name: "disputes", exact: true }).getByText("Read", { exact: true }).click();
  await page.getByLabel("Highest payout").fill("55.00");
}

async function refuseKey(page) {
  await fillKey(page);
  await page.getByLabel("Allowed addresses").fill("10.0.0.5/8");
  await page.getByRole("button", { name: "Create API key" }).click();
  await page.getByRole("alert").waitFor();
}

async function makeKey(page) {
  await fillKey(page);
  await page.getByRole("button", { name: "Create API key" }).click();
  await page.getByRole("link", { name: "I have stored it" }).waitFor();
}

async function editKey(page) {
  await page.getByLabel("Name").fill("Checkout backend, Europe");
  await page.getByLabel("Token lifetime").fill("900");
  await page.getByText("Its tokens live for 15 minutes").first().waitFor();
}
