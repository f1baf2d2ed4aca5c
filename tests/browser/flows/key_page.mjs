// A key's page: each thing that can be done with a key, as its owner does it.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { notice } from "../lib/installation.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });
const secrets = (page) => page.getByRole("region", { name: "Secrets" });

/** A new key, and its page as its owner sees it. */
async function opened(installation, name, ...args) {
  const key = await installation.key(name, ...(args.length > 0 ? args : ["--grant", "payments:write"]));
  const owner = await installation.user("owner");
  const page = await installation.signedIn(owner);
  await page.goto("/api-keys");
  await page.getByRole("link", { name, exact: true }).click();
  await expect(heading(page)).toHaveText(name);
  return { key, owner, page };
}

/** What the token endpoint says to a secret: the status. */
async function asked(installation, client_id, client_secret) {
  const answer = await fetch(`${installation.url}/connect/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return answer.status;
}

export async function a_key_is_edited(installation) {
  const { page } = await opened(installation, "Nightly export");
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByLabel("Name").fill("Morning export");
  await page.getByLabel("IP allowlist").fill("192.0.2.0/24");
  await page.getByLabel("Expires on").fill("2100-01-31");
  await expect(page.locator("#summary")).toContainText("Can be used from 192.0.2.0/24 only");
  await checkAccessible(page);
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(notice(page)).toContainText("The key has been changed.");
  await expect(heading(page)).toHaveText("Morning export");
  const settings = page.getByRole("region", { name: "Settings" });
  await expect(settings).toContainText("192.0.2.0/24");
  await expect(settings).toContainText("2100");
  await expect(page.getByRole("region", { name: "Recent activity" })).toContainText("Settings changed");
}

export async function a_secret_is_regenerated_and_the_old_one_retired(installation) {
  const { key, owner, page } = await opened(installation, "Checkout");
  await page.getByRole("link", { name: "Regenerate secret" }).click();
  await expect(page.getByRole("radio", { name: /24 hours/ })).toBeChecked();
  await page.getByRole("radio", { name: /7 days/ }).check();
  await checkAccessible(page);
  await page.getByRole("button", { name: "Regenerate the secret" }).click();
  await expect(heading(page)).toHaveText("The secret of Checkout");
  const fresh = (await page.locator("#client-secret").textContent()).trim();
  expect(fresh).toMatch(/^clv_[0-9A-Za-z]{49}$/);
  expect(fresh).not.toBe(key.client_secret);
  await page.getByRole("link", { name: "I have stored it" }).click();

  // Both work; nobody has used the old one.
  const rotation = page.getByRole("region", { name: "Rotation under way" });
  await expect(rotation).toContainText("Safe to retire");
  await expect(rotation).toContainText("ends by itself in");
  await expect(secrets(page).getByText("old", { exact: true })).toBeVisible();
  await checkAccessible(page);
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(200);
  expect(await asked(installation, key.client_id, fresh)).toBe(200);

  await rotation.getByRole("link", { name: "Retire the old secret now" }).click();
  await expect(heading(page)).toHaveText("Retire the old secret?");
  await checkAccessible(page);
  // The last proof is old: the password is asked for, and then the form goes on.
  await installation.sql("UPDATE sessions SET proved_at = proved_at - 301");
  await page.getByRole("button", { name: "Retire the old secret" }).click();
  await expect(heading(page)).toHaveText("Confirm your password");
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(200);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(notice(page)).toContainText("The old secret is retired");
  await expect(page.getByRole("region", { name: "Rotation under way" })).toHaveCount(0);
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(401);
  expect(await asked(installation, key.client_id, fresh)).toBe(200);
}

export async function a_key_is_duplicated(installation) {
  const { key, page } = await opened(installation, "Point of sale", "--grant", "payments:read fx");
  await page.getByRole("link", { name: "Duplicate" }).click();
  await expect(heading(page)).toHaveText("Duplicate this key?");
  await expect(page.getByRole("listitem").filter({ hasText: "Point of sale (copy)" })).toBeVisible();
  await checkAccessible(page);
  await page.getByRole("button", { name: "Duplicate the key" }).click();
  await expect(heading(page)).toHaveText("The secret of Point of sale (copy)");
  const id = (await page.locator("#client-id").textContent()).trim();
  const secret = (await page.locator("#client-secret").textContent()).trim();
  expect(id).not.toBe(key.client_id);
  expect(await asked(installation, id, secret)).toBe(200);
  await page.getByRole("link", { name: "I have stored it" }).click();
  await expect(heading(page)).toHaveText("Point of sale (copy)");
  await expect(page.getByRole("region", { name: "Permissions" })).toContainText("payments:read");
}

export async function a_key_is_disabled_and_enabled(installation) {
  const { key, page } = await opened(installation, "Loyalty points");
  await page.getByRole("link", { name: "Disable" }).click();
  await expect(heading(page)).toHaveText("Disable this key?");
  await checkAccessible(page);
  // Whoever has second thoughts gets back.
  await page.getByRole("link", { name: "Cancel" }).click();
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(200);
  await page.getByRole("link", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Disable the key" }).click();
  await expect(notice(page)).toContainText("The key is disabled");
  await expect(page.getByText("This key is disabled.")).toBeVisible();
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(401);
  await checkAccessible(page);
  await page.getByRole("link", { name: "Enable", exact: true }).click();
  await page.getByRole("button", { name: "Enable the key" }).click();
  await expect(notice(page)).toContainText("The key is enabled.");
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(200);
}

export async function the_tokens_of_a_key_are_revoked(installation) {
  const { key, page } = await opened(installation, "Reader", "--grant", "api-keys:read");
  const answer = await fetch(`${installation.url}/connect/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${key.client_id}:${key.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { access_token } = await answer.json();
  const used = async () => (await fetch(`${installation.url}/api/v1/api-keys`, { headers: { Authorization: `Bearer ${access_token}` } })).status;
  expect(await used()).toBe(200);
  await page.getByRole("link", { name: "Revoke tokens" }).click();
  await expect(heading(page)).toHaveText("Revoke every token of this key?");
  await checkAccessible(page);
  await page.getByRole("button", { name: "Revoke the tokens" }).click();
  await expect(notice(page)).toContainText("Every token issued to the key so far is revoked.");
  expect(await used()).toBe(401);
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(200);

  // What has become of the token says the page that explains tokens.
  await page.getByRole("link", { name: "Try it" }).last().click();
  await page.getByLabel("Access token").fill(access_token);
  await page.getByRole("button", { name: "Decode" }).click();
  await expect(page.getByRole("heading", { level: 2, name: "The token is not live" })).toBeVisible();
  await expect(page.getByText("tokens were revoked")).toBeVisible();
  await checkAccessible(page);
}

export async function a_key_is_deleted_by_typing_its_name(installation) {
  const { key, page } = await opened(installation, "Retired integration");
  await page.getByRole("link", { name: "Delete" }).click();
  await expect(heading(page)).toHaveText("Delete this key?");
  await page.getByRole("textbox").fill("retired integration");
  await page.getByRole("button", { name: "Delete the key for good" }).click();
  await expect(page.getByText("This is not the key's name.")).toBeVisible();
  await checkAccessible(page);
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(200);
  await page.getByRole("textbox").fill("Retired integration");
  await page.getByRole("button", { name: "Delete the key for good" }).click();
  await expect(notice(page)).toContainText("The key is deleted.");
  await expect(page.getByRole("link", { name: "Retired integration" })).toHaveCount(0);
  expect(await asked(installation, key.client_id, key.client_secret)).toBe(401);
  await page.goto(`/api-keys/${key.client_id}`);
  await expect(heading(page)).toHaveText("Not found");
}
