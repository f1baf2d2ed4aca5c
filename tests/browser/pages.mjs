// Every page: by whom it is looked at, and where it is. The pictures are made of this list, and a test looks at each of its
// pages with axe-core. In a path, `{key}` and the like are ids of the demo (lib/demo.mjs). `act` does something first.

export const pages = [
  { name: "setup", as: "nobody", path: "/setup?token={setup}" },
  { name: "setup-refused", as: "nobody", path: "/setup?token={setup}", act: refuseSetup },
  { name: "sign-in", as: "visitor", path: "/sign-in" },
  { name: "sign-in-refused", as: "visitor", path: "/sign-in", act: refuseSignIn },
  { name: "reference", as: "visitor", path: "/docs" },
  { name: "forgot-password", as: "visitor", path: "/forgot-password" },
  { name: "invitation", as: "visitor", path: "/invitation?token={invitation}" },
  { name: "invitation-refused", as: "visitor", path: "/invitation?token={invitation}", act: refusePassword },
  { name: "password-reset", as: "visitor", path: "/password-reset?token={password_reset}" },
  { name: "invitation-dead", as: "visitor", path: "/invitation?token=used", status: 410 },
  { name: "password-reset-dead", as: "visitor", path: "/password-reset?token=used", status: 410 },
  { name: "setup-dead", as: "visitor", path: "/setup?token=used", status: 410 },
  { name: "profile", as: "owner", path: "/profile" },
  { name: "profile-refused", as: "owner", path: "/profile", act: refuseProfile },
  { name: "organization", as: "owner", path: "/organization" },
  { name: "organization-refused", as: "owner", path: "/organization", act: (page) => refuse(page, "Save name", { Name: "   " }) },
  { name: "organization-seen-by-a-developer", as: "developer", path: "/organization" },
  { name: "accounts", as: "owner", path: "/accounts" },
  { name: "accounts-empty", as: "newcomer", path: "/accounts" },
  { name: "users-alone", as: "newcomer", path: "/users" },
  { name: "webhooks-empty", as: "newcomer", path: "/webhooks" },
  { name: "audit-log-first", as: "newcomer", path: "/audit-log" },
  { name: "usage-empty", as: "newcomer", path: "/usage" },
  { name: "try-it-empty", as: "newcomer", path: "/try-it" },
  { name: "accounts-none-found", as: "owner", path: "/accounts?search=nothing+like+it" },
  { name: "account-new", as: "owner", path: "/accounts/new" },
  { name: "account-new-refused", as: "owner", path: "/accounts/new", act: (page) => refuse(page, "Create account", { Name: "   " }) },
  { name: "account-seen-by-a-developer", as: "developer", path: "/accounts/{account}" },
  { name: "account", as: "owner", path: "/accounts/{account}" },
  { name: "users", as: "owner", path: "/users" },
  { name: "user-new", as: "owner", path: "/users/new" },
  { name: "user-new-refused", as: "owner", path: "/users/new", act: (page) => refuse(page, /Create user|Send invitation/, { "E-mail address": "jonas@northwind.example" }) },
  { name: "user-remove", as: "owner", path: "/users/{user}", act: openRemoval },
  { name: "user-invited", as: "owner", path: "/users/{invited_user}" },
  { name: "user-disabled", as: "owner", path: "/users/{disabled_user}" },
  { name: "user-oneself", as: "owner", path: "/users/{oneself}" },
  { name: "user", as: "owner", path: "/users/{user}" },
  { name: "webhooks", as: "owner", path: "/webhooks" },
  { name: "webhook-new", as: "owner", path: "/webhooks/new" },
  { name: "webhook-new-refused", as: "admin", path: "/webhooks/new", act: (page) => refuse(page, "Create webhook", { URL: "http://192.0.2.1/hooks" }) },
  { name: "webhook-failing", as: "admin", path: "/webhooks/{failing_webhook}" },
  { name: "webhook-delete-refused", as: "admin", path: "/webhooks/{webhook}", act: (page) => refuse(page, "Delete the webhook", { "Type its host": "something else" }) },
  { name: "webhook-secret", as: "admin", path: "/webhooks/{failing_webhook}", act: rotateWebhook },
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
  { name: "api-keys-next-page", as: "developer", path: "/api-keys", act: (page) => page.getByRole("link", { name: "Next page" }).click() },
  { name: "api-keys-seen-by-an-admin", as: "admin", path: "/api-keys?account_id={account}" },
  { name: "api-keys-none", as: "owner", path: "/api-keys?search=no+such+key" },
  { name: "api-keys-first", as: "operator", path: "/api-keys" },
  { name: "api-key-new", as: "developer", path: "/api-keys/new" },
  { name: "api-key-new-filled", as: "developer", path: "/api-keys/new", act: fillKeyAndSeeIt },
  { name: "api-key-new-refused", as: "owner", path: "/api-keys/new", act: refuseKey },
  { name: "api-key-new-admin", as: "owner", path: "/api-keys/new", act: chooseAdmin },
  { name: "api-key-new-groups", as: "owner", path: "/api-keys/new", act: addGroup },
  { name: "api-key-secret", as: "developer", path: "/api-keys/new", act: makeKey },
  { name: "api-key-secret-gone", as: "owner", path: "/api-keys/{key}/secret" },
  { name: "api-key-edit", as: "owner", path: "/api-keys/{key}/edit", act: editKey },
  { name: "api-key-edit-refused", as: "owner", path: "/api-keys/{key}/edit", act: (page) => refuse(page, "Save changes", { "IP allowlist": "nowhere" }) },
  { name: "api-keys-empty", as: "newcomer", path: "/api-keys" },
  { name: "api-keys-found", as: "owner", path: "/api-keys?search=web&kind=scoped" },
  { name: "api-key", as: "owner", path: "/api-keys/{key}" },
  { name: "api-key-month", as: "owner", path: "/api-keys/{key}?days=30" },
  { name: "api-key-stale", as: "owner", path: "/api-keys/{stale_key}" },
  { name: "api-key-disabled", as: "owner", path: "/api-keys/{disabled_key}" },
  { name: "api-key-expired", as: "owner", path: "/api-keys/{expired_key}" },
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
  { name: "api-key-delete-refused", as: "owner", path: "/api-keys/{hostile_key}/delete", act: (page) => refuse(page, "Delete the key for good", { "Type the key's name": "another" }) },
  { name: "try-it", as: "owner", path: "/try-it" },
  { name: "try-it-missing", as: "owner", path: "/try-it", act: (page) => refuse(page, "Get a token", { "Client id": "key_" }) },
  { name: "try-it-issued", as: "owner", path: "/try-it", act: (page, demo) => tryKey(page, demo.keys.integrator) },
  { name: "try-it-refused", as: "owner", path: "/try-it", act: (page, demo) => tryKey(page, demo.keys.checkout) },
  { name: "try-it-elsewhere", as: "developer", path: "/try-it?client_id={signing_client}" },
  { name: "try-it-pasted", as: "owner", path: "/try-it", act: (page, demo) => pasteToken(page, demo.keys.integrator) },
  { name: "users-found", as: "owner", path: "/users?search=jonas" },
  { name: "users-none-found", as: "owner", path: "/users?search=nobody+like+that" },
  { name: "usage", as: "owner", path: "/usage" },
  { name: "usage-of-a-key", as: "owner", path: "/usage?days=30&client_id={key}" },
  { name: "usage-of-no-key", as: "owner", path: "/usage?client_id=key_none", status: 404 },
  { name: "operator-organizations", as: "operator", path: "/operator/organizations" },
  { name: "operator-organization-new", as: "operator", path: "/operator/organizations/new" },
  { name: "operator-organization-new-refused", as: "operator", path: "/operator/organizations/new", act: (page) => refuse(page, "Create organization", { Name: "   " }) },
  { name: "operator-organizations-none-found", as: "operator", path: "/operator/organizations?search=nothing+like+it" },
  { name: "operator-organization-without-users", as: "operator", path: "/operator/organizations/{empty_organization}" },
  { name: "operator-organization-seen-by-a-developer", as: "observer", path: "/operator/organizations/{organization}" },
  { name: "operator-organization", as: "operator", path: "/operator/organizations/{organization}" },
  { name: "operator-plans", as: "operator", path: "/operator/plans" },
  { name: "operator-plan-new", as: "operator", path: "/operator/plans/new" },
  { name: "operator-plan", as: "operator", path: "/operator/plans/trial" },
  { name: "operator-plan-new-refused", as: "operator", path: "/operator/plans/new", act: (page) => refuse(page, "Create plan", { Name: "Two words", "Requests a minute": "many" }) },
  { name: "operator-plan-delete", as: "operator", path: "/operator/plans/trial", act: openRemoval },
  { name: "operator-plan-enterprise", as: "operator", path: "/operator/plans/enterprise" },
  { name: "operator-plan-seen-by-a-developer", as: "observer", path: "/operator/plans/growth" },
  { name: "operator-catalogue", as: "operator", path: "/operator/catalogue" },
  { name: "operator-resource-server-new", as: "operator", path: "/operator/catalogue/resource-servers/new" },
  { name: "operator-resource-server", as: "operator", path: "/operator/catalogue/resource-servers/{resource_server}" },
  { name: "operator-scope-new", as: "operator", path: "/operator/catalogue/scopes/new" },
  { name: "operator-scope-new-refused", as: "operator", path: "/operator/catalogue/scopes/new", act: (page) => refuse(page, "Create scope", { Name: "two words" }) },
  { name: "operator-scope-built-in", as: "operator", path: "/operator/catalogue/scopes/api-keys:write" },
  { name: "operator-scope-seen-by-a-developer", as: "observer", path: "/operator/catalogue/scopes/payments:write" },
  { name: "operator-scope-delete-refused", as: "operator", path: "/operator/catalogue/scopes/payments:read", act: refuseDeletion },
  { name: "operator-resource-server-new-refused", as: "operator", path: "/operator/catalogue/resource-servers/new", act: (page) => refuse(page, "Create resource server", { Identifier: "payments" }) },
  { name: "operator-scope", as: "operator", path: "/operator/catalogue/scopes/payments:write" },
  { name: "operator-signing-keys", as: "operator", path: "/operator/signing-keys" },
  { name: "operator-signing-keys-refused", as: "operator", path: "/operator/signing-keys", act: (page) => refuse(page, "Replace every signing key now", { "Type “compromised”": "no" }) },
  { name: "operator-signing-keys-rotated", as: "operator", path: "/operator/signing-keys", act: (page) => page.getByRole("button", { name: "Rotate" }).click() },
  { name: "operator-signing-keys-seen-by-a-developer", as: "observer", path: "/operator/signing-keys" },
  { name: "operator-health", as: "operator", path: "/operator/health" },
  { name: "not-found", as: "owner", path: "/nothing-here", status: 404 },
  { name: "not-allowed", as: "developer", path: "/users/new", status: 403 },
  { name: "confirm-password", as: "owner", path: "/api-keys/{stale_key}/disable", act: confirmPassword },
  { name: "confirm-password-refused", as: "owner", path: "/api-keys/{stale_key}/disable", act: refuseConfirmation },
  { name: "session-ended", as: "newcomer", path: "/accounts/new", act: endSession },
];

/** Fills fields and presses a button; the page says what is wrong. */
async function refuse(page, button, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).and(page.locator("input, textarea")).first().fill(value);
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("alert").waitFor();
}

async function refusePassword(page) {
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByLabel("Repeat the password").fill("password1");
  await page.getByRole("button", { name: "Accept" }).click();
  await page.getByRole("alert").waitFor();
}

async function refuseSetup(page) {
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("E-mail address").fill("ada@platform.example");
  await page.getByLabel("Password", { exact: true }).fill("zebra quilt 7 harbor lantern");
  await page.getByLabel("Repeat the password").fill("zebra quilt 7 harbour lantern");
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByRole("alert").waitFor();
}

async function refuseProfile(page, demo) {
  await page.getByLabel("Current password").fill(demo.people.owner.password);
  await page.getByLabel("New password").fill("one sentence of mine");
  await page.getByLabel("Repeat the password").fill("another sentence of mine");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("alert").waitFor();
}

/** What can't be undone asks once more. */
async function openRemoval(page) {
  await page.locator("details.confirm > summary").click();
}

async function refuseDeletion(page) {
  await openRemoval(page);
  await page.getByRole("button", { name: /^Delete/ }).click();
  await page.getByRole("alert").waitFor();
}

async function rotateWebhook(page) {
  await page.getByRole("button", { name: "Rotate secret" }).click();
  await page.getByRole("link", { name: "I have stored it" }).waitFor();
}

async function chooseAdmin(page) {
  await page.getByRole("radio", { name: "Admin" }).check();
  await page.getByText("Everything at the organization's level").waitFor();
}

async function addGroup(page) {
  await fillKey(page);
  await page.getByRole("button", { name: "Add another group of accounts" }).click();
  await page.getByRole("group", { name: "Account group 2" }).waitFor();
}

async function refuseConfirmation(page, demo) {
  await confirmPassword(page, demo);
  await page.getByLabel("Password").fill("not this one");
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("alert").waitFor();
}

/** The session is over when the form is sent. */
async function endSession(page, demo) {
  await page.getByLabel("Name").fill("Fabrikam Porto");
  await demo.endSessions(demo.people.newcomer);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Sign in to continue" }).waitFor();
}

async function tryKey(page, { client_id, client_secret }) {
  await page.getByLabel("Client id").fill(client_id);
  await page.getByLabel("Secret", { exact: true }).fill(client_secret);
  await page.getByRole("button", { name: "Get a token" }).click();
  await page.getByRole("heading", { name: /Token issued|refused|not allowed|address/i, level: 2 }).first().waitFor();
}

async function pasteToken(page, key) {
  await tryKey(page, key);
  const token = await page.locator("#token").textContent();
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Decode" }).click();
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
  await page.getByLabel("Max payout").fill("55.00");
}

async function fillKeyAndSeeIt(page) {
  await fillKey(page);
  await page.getByText("Payouts of 55.00 at most").waitFor();
}

async function refuseKey(page) {
  await fillKey(page);
  await page.getByLabel("IP allowlist").fill("10.0.0.5/8");
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
