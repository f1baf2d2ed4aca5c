// What an owner does with the organization: people, webhooks, the audit log.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { fillSignIn, notice } from "../lib/installation.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });
const PASSWORD = "quilted zebra harbor 91";

async function choosePassword(page, password) {
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Repeat the password").fill(password);
}

export async function somebody_is_invited_accepts_and_signs_in(installation) {
  const owner = await installation.signedIn("owner");
  await owner.goto("/users");
  await owner.getByRole("link", { name: "Invite user" }).click();
  const email = "newcomer@northwind.example";
  await owner.getByLabel("E-mail address").fill(email);
  await owner.getByLabel(/^Name/).fill("<img src=x onerror=alert(1)>");
  await owner.getByLabel("Role", { exact: true }).selectOption("admin");
  await checkAccessible(owner);
  await owner.getByRole("button", { name: "Create user" }).click();
  await expect(heading(owner)).toContainText("<img src=x");
  await checkAccessible(owner);

  const token = await installation.linkMailedTo(email);
  const page = await installation.visitor();
  await page.goto(`/invitation?token=${token}`);
  await expect(page).toHaveURL(/\/invitation$/);
  await checkAccessible(page);
  await choosePassword(page, "password1");
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(page.getByRole("alert")).toContainText("The password was not set");
  await checkAccessible(page);
  await choosePassword(page, PASSWORD);
  await page.getByRole("button", { name: "Accept" }).click();
  await expect(notice(page)).toContainText("Your password is set");
  await fillSignIn(page, email, PASSWORD);
  await page.goto("/profile");
  await expect(page.getByText("This session", { exact: true })).toBeVisible();
  await expect(page.getByText("Admin", { exact: true }).first()).toBeVisible();
  await checkAccessible(page);
}

export async function a_webhooks_secret_is_shown_once(installation) {
  const page = await installation.signedIn("admin");
  await page.goto("/webhooks");
  await page.getByRole("link", { name: "Create your first webhook" }).click();
  await page.getByLabel("URL").fill("https://hooks.northwind.example/claviger");
  await page.getByLabel("Only these").check();
  await page.getByLabel(/api_key\.deleted/).check();
  await checkAccessible(page);
  await page.getByRole("button", { name: "Create webhook" }).click();
  await expect(page).toHaveURL(/\/secret$/);
  const secret = await page.locator("#secret").innerText();
  expect(secret).toMatch(/^whsec_/);
  await checkAccessible(page);
  await page.getByRole("link", { name: "I have stored it" }).click();
  await expect(heading(page)).toHaveText("hooks.northwind.example");
  await checkAccessible(page);
  await page.goBack();
  await expect(heading(page)).toHaveText("The secret was shown once");
  expect(await page.content()).not.toContain(secret);
  await checkAccessible(page);
}

export async function a_webhook_is_tested_disabled_and_deleted(installation) {
  const page = await installation.signedIn("admin");
  await page.goto("/webhooks/new");
  await page.getByLabel("URL").fill("https://hooks.northwind.invalid/claviger");
  await page.getByRole("button", { name: "Create webhook" }).click();
  await page.getByRole("link", { name: "I have stored it" }).click();
  await page.getByRole("button", { name: "Send a test" }).click();
  await expect(notice(page)).toContainText("A test is on its way");
  await expect(page.getByRole("table")).toContainText("webhook.test");

  await page.getByLabel("After a rotation").selectOption("3600");
  await page.getByRole("button", { name: "Rotate secret" }).click();
  await expect(page.getByRole("main")).toContainText("signed with both the new secret and the one before");
  await page.getByRole("link", { name: "I have stored it" }).click();
  await expect(page.getByRole("main")).toContainText("Both are live");

  await page.getByRole("button", { name: "Disable the webhook" }).click();
  await expect(notice(page)).toContainText("The webhook is disabled");
  await expect(page.getByRole("table")).toContainText("Given up");
  await page.getByRole("button", { name: "Enable it" }).click();
  await expect(notice(page)).toContainText("The webhook is enabled");
  await page.getByRole("button", { name: "Redeliver webhook.test" }).click();
  await expect(notice(page)).toContainText("on its way again");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Description").fill("Ticket system");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("main")).toContainText("Ticket system");
  await checkAccessible(page);

  const host = page.getByLabel("Type its host");
  await host.fill("northwind.invalid");
  await page.getByRole("button", { name: "Delete the webhook" }).click();
  await expect(page.getByRole("alert")).toContainText("The webhook was not deleted");
  await checkAccessible(page);
  await host.fill("hooks.northwind.invalid");
  await page.getByRole("button", { name: "Delete the webhook" }).click();
  await expect(notice(page)).toHaveText("The webhook is deleted.");
}

export async function the_audit_log_is_filtered_and_opened(installation) {
  const page = await installation.signedIn("owner");
  await page.goto("/accounts/new");
  await page.getByLabel("Name", { exact: true }).fill("Shop Porto");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Shop Braga");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("The account has its new name.")).toBeVisible();
  await page.goto("/audit-log");
  await page.getByLabel("What", { exact: true }).selectOption("account.edited");
  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByText("Renamed an account").last().click();
  await expect(page.locator("del")).toHaveText("Shop Porto");
  await expect(page.locator("ins")).toHaveText("Shop Braga");
  await checkAccessible(page);
}

export async function without_script_a_user_is_disabled_and_removed(installation) {
  const colleague = await installation.user("developer");
  const page = await installation.signedIn("owner", { javaScriptEnabled: false });
  await page.goto("/users");
  await page.getByRole("link", { name: colleague.email }).click();
  await page.getByRole("button", { name: `Disable ${colleague.email}` }).click();
  await expect(notice(page)).toContainText("The user is disabled");
  // It is asked for twice.
  const remove = page.getByRole("button", { name: `Remove ${colleague.email}` });
  await expect(remove).toBeHidden();
  await page.getByText("Remove", { exact: true }).last().click();
  await remove.click();
  await expect(notice(page)).toHaveText("The user is removed.");
  await expect(page.getByRole("link", { name: colleague.email })).toHaveCount(0);
}
