// What an operator does for a customer: an API with its scopes, a rate plan, the organization and its first owner.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { fillSignIn, notice } from "../lib/installation.mjs";

const PASSWORD = "quilted zebra harbor 91";
const press = (page, name) => page.getByRole("main").getByRole("button", { name, exact: true }).click();
const follow = (page, name) => page.getByRole("link", { name, exact: true }).first().click();

/** What can't be undone is asked for twice. */
async function deleteIt(page, name) {
  const last = page.getByRole("button", { name, exact: true });
  await expect(last).toBeHidden();
  await page.getByText("Delete", { exact: true }).click();
  await last.click();
}

export async function an_operator_brings_in_a_customer(installation) {
  const page = await installation.signedIn("operator");
  await follow(page, "Catalogue");
  await follow(page, "Create resource server");
  await page.getByLabel("Identifier").fill("https://ledger.example.com");
  await page.getByLabel("Name").fill("Ledger");
  await press(page, "Create resource server");
  await expect(notice(page)).toContainText("Now add its scopes");
  await page.getByRole("link", { name: "Add a scope to Ledger" }).click();
  await page.getByLabel("Name", { exact: true }).fill("ledger:read");
  await page.getByLabel("Description").fill("See the ledger");
  await press(page, "Create scope");
  await expect(page.getByRole("link", { name: "ledger:read" })).toBeVisible();
  await checkAccessible(page);

  await follow(page, "Plans");
  await follow(page, "Create plan");
  await page.getByLabel("Name").fill("newcomers");
  await page.getByLabel("Requests a minute").fill("120");
  await press(page, "Create plan");
  await expect(page.getByRole("row", { name: /newcomers/ })).toContainText("120");

  await follow(page, "Organizations");
  await follow(page, "Create organization");
  await page.getByLabel("Name").fill("Tailspin Toys");
  await press(page, "Create organization");
  await expect(notice(page)).toContainText("Now invite its first owner");
  await page.getByRole("combobox", { name: "Rate plan" }).selectOption("newcomers");
  await press(page, "Save");
  const email = "first@tailspin.example";
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Send invitation");
  await expect(page.getByRole("main")).toContainText(email);
  await checkAccessible(page);

  const owner = await installation.visitor();
  await owner.goto(`/invitation?token=${await installation.linkMailedTo(email)}`);
  await owner.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await owner.getByLabel("Repeat the password").fill(PASSWORD);
  await owner.getByRole("button", { name: "Accept" }).click();
  await fillSignIn(owner, email, PASSWORD);
  await owner.getByRole("link", { name: "Create your first API key" }).click();
  await expect(owner.getByRole("main")).toContainText("ledger:read");
}

export async function without_script_an_operator_takes_back_what_nobody_uses(installation) {
  const page = await installation.signedIn("operator", { javaScriptEnabled: false });
  await page.goto("/operator/plans/new");
  await page.getByLabel("Name").fill("short-lived");
  await press(page, "Create plan");
  await follow(page, "short-lived");
  await page.getByLabel("Dry run").check();
  await press(page, "Save");
  await expect(notice(page)).toContainText("Saved");
  await deleteIt(page, "Delete short-lived");
  await expect(notice(page)).toHaveText("The plan is deleted.");

  await page.goto("/operator/catalogue/resource-servers/new");
  await page.getByLabel("Identifier").fill("https://trial.example.com");
  await press(page, "Create resource server");
  await page.getByRole("link", { name: "Add a scope to https://trial.example.com" }).click();
  await page.getByLabel("Name", { exact: true }).fill("trial:read");
  await press(page, "Create scope");
  await follow(page, "https://trial.example.com");
  await deleteIt(page, "Delete resource server");
  await expect(page.getByRole("alert")).toBeVisible();
  await page.goto("/operator/catalogue/scopes/trial:read");
  await deleteIt(page, "Delete trial:read");
  await expect(notice(page)).toHaveText("The scope is deleted.");
  await follow(page, "https://trial.example.com");
  await deleteIt(page, "Delete resource server");
  await expect(notice(page)).toHaveText("The resource server is deleted.");
}
