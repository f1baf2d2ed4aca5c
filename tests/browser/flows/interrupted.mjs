// Something comes in between a form and its sending: the session ends, the proof is too old, somebody else signs in.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { notice, signIn } from "../lib/installation.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });

/** Fills the form that invites a user, and does not send it. */
async function fillInvitation(page) {
  await page.goto("/users/new");
  await page.getByLabel("E-mail address").fill("new.colleague@example.com");
  await page.getByLabel("Name").fill("Zoë O'Neil <b>");
  await page.getByLabel("Role", { exact: true }).selectOption({ label: "Admin" });
}

const sendInvitation = (page) => page.getByRole("button", { name: /Create user|Send invitation/ }).click();

async function isInvited(page) {
  await expect(heading(page)).toHaveText("Zoë O'Neil <b>");
  await expect(page.getByRole("main")).toContainText("new.colleague@example.com");
  await expect(page.getByLabel("Role", { exact: true })).toHaveValue("admin");
}

export async function a_session_that_ends_in_the_middle_of_a_form_loses_nothing(installation) {
  const owner = await installation.user("owner");
  const page = await installation.signedIn(owner);
  await fillInvitation(page);
  await installation.sql("UPDATE sessions SET expires_at = 1");
  await sendInvitation(page);
  await expect(heading(page)).toHaveText("Sign in to continue");
  await checkAccessible(page);

  await page.getByLabel("E-mail address").fill(owner.email);
  await page.getByLabel("Password").fill("not this one 4711");
  await page.getByRole("button", { name: "Sign in and continue" }).click();
  await expect(page.getByRole("alert")).toContainText("is wrong");
  await expect(page.getByLabel("E-mail address")).toHaveValue(owner.email);

  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in and continue" }).click();
  await isInvited(page);
}

export async function a_session_that_ends_loses_nothing_without_script_either(installation) {
  const owner = await installation.user("owner");
  const page = await installation.signedIn(owner, { javaScriptEnabled: false });
  await fillInvitation(page);
  await installation.sql("DELETE FROM sessions");
  await sendInvitation(page);
  await page.getByLabel("E-mail address").fill(owner.email);
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Sign in and continue" }).click();
  await isInvited(page);
}

export async function mg5_who_signs_in_to_go_on_may_do_no_more_than_before(installation) {
  const page = await installation.signedIn("owner");
  await fillInvitation(page);
  await installation.sql("DELETE FROM sessions");
  await sendInvitation(page);
  const developer = await installation.user("developer");
  await page.getByLabel("E-mail address").fill(developer.email);
  await page.getByLabel("Password").fill(developer.password);
  await page.getByRole("button", { name: "Sign in and continue" }).click();
  await expect(heading(page)).toHaveText("Not allowed");
  expect(await installation.sql("SELECT count(*) FROM users WHERE email LIKE 'new.colleague%'")).toMatch(/^\s*0/);
}

export async function mg6_a_stale_proof_asks_for_the_password_and_goes_on(installation) {
  const owner = await installation.user("owner");
  const key = await installation.key("Nightly export", "--grant", "payments:read");
  const page = await installation.signedIn(owner);
  await installation.sql("UPDATE sessions SET proved_at = proved_at - 301");
  await page.goto(`/api-keys/${key.client_id}/disable`);
  await page.getByRole("main").getByRole("button", { name: /disable/i }).click();
  await expect(heading(page)).toHaveText("Confirm your password");
  await checkAccessible(page);
  const isDisabled = () => installation.sql(`SELECT count(*) FROM api_keys WHERE client_id = '${key.client_id}' AND disabled_at IS NOT NULL`);
  expect(await isDisabled()).toMatch(/^\s*0/);

  await page.getByLabel("Password").fill("not this one 4711");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByRole("alert")).toContainText("not your password");
  // Without any, the browser itself says what is missing.
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByLabel("Password")).toBeFocused();
  expect(await isDisabled()).toMatch(/^\s*0/);

  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(notice(page)).toContainText("disabled");
  expect(await isDisabled()).toMatch(/^\s*1/);

  // The proof lasts, and the back button sends nothing again.
  await page.goto(`/api-keys/${key.client_id}/enable`);
  await page.getByRole("main").getByRole("button", { name: /enable/i }).click();
  await expect(notice(page)).toContainText("enabled");
  await page.goBack();
  expect(await isDisabled()).toMatch(/^\s*0/);
}

export async function mg4_a_proof_changes_the_sessions_token(installation) {
  const owner = await installation.user("owner");
  const key = await installation.key("Nightly export", "--grant", "payments:read");
  const page = await installation.signedIn(owner);
  const token = async () => (await page.context().cookies()).find(({ name }) => name === "__Host-claviger_session").value;
  const before = await token();
  await installation.sql("UPDATE sessions SET proved_at = proved_at - 301");
  await page.goto(`/api-keys/${key.client_id}/disable`);
  await page.getByRole("main").getByRole("button", { name: /disable/i }).click();
  await page.getByLabel("Password").fill(owner.password);
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(notice(page)).toContainText("disabled");
  expect(await token()).not.toBe(before);
}

export async function a_form_that_another_person_opened_is_not_sent_silently(installation) {
  const [first, second] = [await installation.user("owner"), await installation.user("owner")];
  const tab = await installation.signedIn(first);
  await fillInvitation(tab);
  const other = await tab.context().newPage();
  await other.goto("/profile");
  await other.getByRole("button", { name: "Sign out" }).click();
  await expect(heading(other)).toHaveText("Sign in");
  await signIn(other, second);

  await sendInvitation(tab);
  await expect(heading(tab)).toHaveText("Send this form?");
  await expect(tab.getByRole("main")).toContainText(second.email);
  await checkAccessible(tab);
  await tab.getByRole("button", { name: "Send" }).click();
  await isInvited(tab);
  const actor = await installation.sql("SELECT actor FROM audit_events WHERE action = 'user.created' ORDER BY seq DESC LIMIT 1");
  expect(actor).toContain(second.id);
}

export async function two_tabs_of_one_session_do_not_disturb_each_other(installation) {
  const tab = await installation.signedIn("owner");
  const other = await tab.context().newPage();
  await fillInvitation(tab);
  await other.goto("/accounts/new");
  await other.getByLabel("Name").fill("Made in another tab");
  await other.getByRole("button", { name: /create/i }).click();
  await expect(notice(other)).toBeVisible();
  await sendInvitation(tab);
  await isInvited(tab);
}
