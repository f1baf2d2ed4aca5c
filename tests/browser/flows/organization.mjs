// What an owner does with the organization: people, webhooks, the audit log.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { fillSignIn, notice } from "../lib/installation.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });
const PASSWORD = "quilted zebra harbor 91";

async function choosePassword(page, password) {
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("The same again").fill(password);
}

export async function somebody_is_invited_accepts_and_signs_in(installation) {
  const owner = await installation.signedIn("owner");
  await owner.goto("/users");
  await owner.getByRole("link", { name: "Invite a user" }).click();
  const email = "newcomer@northwind.example";
  await owner.getByLabel("E-mail address").fill(email);
  await owner.getByLabel(/^Name/).fill("<img src=x onerror=alert(1)>");
  await owner.getByLabel("Role", { exact: true }).selectOption("admin");
  await checkAccessible(owner);
  await owner.getByRole("button", { name: "Create the user" }).click();
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
  await expect(page.getByText("This one", { exact: true })).toBeVisible();
  await expect(page.getByText("Admin", { exact: true }).first()).toBeVisible();
  await checkAccessible(page);
}

export async function a_webhooks_secret_is_shown_once(installation) {
  const page = await installation.signedIn("admin");
  await page.goto("/webhooks");
  await page.getByRole("link", { name: "Create the first webhook" }).click();
  await page.getByLabel("Address").fill("https://hooks.northwind.example/claviger");
  await page.getByLabel("Only these").check();
  await page.getByLabel(/api_key\.deleted/).check();
  await checkAccessible(page);
  await page.getByRole("button", { name: "Create the webhook" }).click();
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

export async function the_audit_log_is_filtered_and_opened(installation) {
  const page = await installation.signedIn("owner");
  await page.goto("/accounts/new");
  await page.getByLabel("Name", { exact: true }).fill("Shop Porto");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Shop Braga");
  await page.getByRole("button", { name: "Save the name" }).click();
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
  await page.getByRole("button", { name: `Remove ${colleague.email}` }).click();
  await expect(notice(page)).toHaveText("The user is removed.");
  await expect(page.getByRole("link", { name: colleague.email })).toHaveCount(0);
}
