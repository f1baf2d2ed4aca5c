// Keys: the list, making one, its secret, editing it.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });
const resource = (page, name) => page.getByRole("group", { name, exact: true });

async function fill(page, name) {
  await page.goto("/api-keys");
  await page.getByRole("link", { name: "Create API key" }).click();
  await page.getByLabel("Name").fill(name);
  await resource(page, "payments").getByText("Write", { exact: true }).click();
}

export async function a_developer_makes_a_key_and_its_secret_is_shown_once(installation) {
  const page = await installation.signedIn("developer");
  await fill(page, "<img src=x onerror=alert(1)>");
  const summary = page.getByRole("complementary");
  await expect(summary).toContainText("payments:write");
  await expect(summary).toContainText("included");
  await page.getByLabel("Token lifetime").fill("900");
  await expect(summary).toContainText("15 minutes");
  await page.getByLabel("Every account, present and future").check();
  await resource(page, "disputes").getByText("Read", { exact: true }).click();
  await expect(summary).toContainText("Every account");
  await checkAccessible(page);
  await page.getByRole("button", { name: "Create API key" }).click();

  await expect(heading(page)).toHaveText("The secret of <img src=x onerror=alert(1)>");
  const secret = (await page.locator("#client-secret").textContent()).trim();
  expect(secret).toMatch(/^clv_[0-9A-Za-z]{49}$/);
  expect(page.url()).not.toContain("clv_");
  await expect(page.locator("#snippet-curl")).toContainText(secret);
  await checkAccessible(page);

  // Whoever leaves is asked first, unless the secret has been stored.
  let asked = 0;
  page.on("dialog", (dialog) => { asked += 1; dialog.accept(); });
  await page.getByText("Client secret", { exact: true }).click();
  await page.reload();
  await expect(heading(page)).toHaveText("The secret was shown once");
  expect(asked).toBe(1);
  await checkAccessible(page);
  await expect(page.locator("body")).not.toContainText(secret);
  await page.goto("/api-keys");
  await expect(page.getByRole("link", { name: "<img src=x" })).toHaveCount(1);
  await page.goBack();
  await expect(heading(page)).toHaveText("The secret was shown once");
}

export async function the_way_back_does_not_show_the_secret_again(installation) {
  const page = await installation.signedIn("owner");
  await fill(page, "Stored");
  await page.getByRole("button", { name: "Create API key" }).click();
  const shown = page.url();
  const secret = (await page.locator("#client-secret").textContent()).trim();
  page.on("dialog", () => { throw new Error("it was stored"); });
  await page.evaluate(() => { document.querySelector("[data-leave-release]").href = "/api-keys"; });
  await page.getByRole("link", { name: "I have stored it" }).click();
  await expect(heading(page)).toHaveText("API keys");
  await page.goBack();
  await expect(page).toHaveURL(shown);
  await expect(heading(page)).toHaveText("The secret was shown once");
  await expect(page.locator("body")).not.toContainText(secret);
}

export async function without_script_a_key_is_made_with_two_groups_of_accounts(installation) {
  const page = await installation.signedIn("owner", { javaScriptEnabled: false });
  await fill(page, "No script");
  await page.getByText("Every account, present and future").click();
  await resource(page, "disputes").getByText("Read", { exact: true }).click();
  await page.getByRole("button", { name: "Add another group of accounts" }).click();
  const second = page.getByRole("group", { name: "Account group 2" });
  await second.getByRole("checkbox").first().check();
  await second.getByRole("group", { name: "disputes", exact: true }).getByText("Write", { exact: true }).click();
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByRole("complementary")).toContainText("Every account");
  await expect(page.getByRole("complementary")).toContainText("1 account");
  await page.getByRole("button", { name: "Create API key" }).click();
  await expect(page.locator("#client-secret")).toContainText("clv_");
}

export async function an_owner_sees_what_an_edit_changes(installation) {
  const page = await installation.signedIn("owner");
  const { client_id } = await installation.key("Before", "--grant", "payments:write");
  await page.goto(`/api-keys/${client_id}/edit`);
  await expect(page.locator("#summary")).toContainText("Nothing yet.");
  await page.getByLabel("Name").fill("After");
  await resource(page, "payments").getByText("Read", { exact: true }).click();
  await expect(page.locator("#summary del").first()).toHaveText("Before");
  await expect(page.locator("#summary ins").first()).toHaveText("After");
  await expect(page.locator("#summary")).toContainText("No longer");
  await checkAccessible(page);
  await page.getByLabel("IP allowlist").fill("10.0.0.5/8");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("alert")).toContainText("IP allowlist");
  await expect(page.getByLabel("Name")).toHaveValue("After");
  await checkAccessible(page);
}
