// What people do with their own login.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { fillSignIn, notice, signIn } from "../lib/installation.mjs";

const PASSWORD = "quilted zebra harbor 91";
const heading = (page) => page.getByRole("heading", { level: 1 });

export async function a_person_changes_the_password_and_ends_other_sessions(installation) {
  const admin = await installation.user("admin");
  const page = await installation.signedIn(admin);
  const [second, third] = [await installation.signedIn(admin), await installation.signedIn(admin)];
  await page.goto("/profile");
  await page.getByRole("button", { name: /^End the session/ }).first().click();
  await expect(notice(page)).toHaveText("The session has ended.");
  await page.getByRole("button", { name: "End all other sessions" }).click();
  await expect(notice(page)).toHaveText("All your other sessions have ended.");
  for (const other of [second, third]) {
    await other.goto("/api-keys");
    await expect(heading(other)).toHaveText("Sign in");
  }
  await page.getByLabel("Current password").fill(admin.password);
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByLabel("Repeat the password").fill("something else altogether");
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByRole("alert")).toContainText("The password was not changed");
  await checkAccessible(page);
  await page.getByLabel("Current password").fill(admin.password);
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByLabel("Repeat the password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(notice(page)).toContainText("Your password is changed");
  await signIn(second, { email: admin.email, password: PASSWORD });
}

export async function a_forgotten_password_is_replaced_with_a_link(installation) {
  const developer = await installation.user("developer");
  const page = await installation.visitor();
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await checkAccessible(page);
  // This server sends no mail, so its page has no form; whoever asks the API gets the same link.
  const asked = await page.request.post("/api/v1/password-reset", { data: { email: developer.email } });
  expect(asked.status()).toBe(202);
  await page.goto(`/password-reset?token=${await installation.linkMailedTo(developer.email)}`);
  await expect(page).toHaveURL(/\/password-reset$/);
  await checkAccessible(page);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Repeat the password").fill(PASSWORD);
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(notice(page)).toContainText("Sign in with the new one");
  await fillSignIn(page, developer.email, developer.password);
  await expect(page.getByRole("alert")).toContainText("is wrong");
  await fillSignIn(page, developer.email, PASSWORD);
  await expect(heading(page)).toHaveText("API keys");
}

export async function who_forgot_the_password_asks_for_a_link(installation) {
  const developer = await installation.user("developer");
  const page = await installation.visitor();
  const told = [];
  for (const email of [developer.email, "nobody@example.com"]) {
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await checkAccessible(page);
    await page.getByLabel("E-mail address").fill(email);
    await page.getByRole("button", { name: "Send the link" }).click();
    await expect(page).toHaveURL(/\/sign-in/);
    await checkAccessible(page);
    told.push(await notice(page).textContent());
  }
  expect(told[0]).toBe(told[1]);
  const waiting = await installation.sql("SELECT count(*) FROM pending_mails");
  expect(String(waiting).trim()).toBe("1");
}
