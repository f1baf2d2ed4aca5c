// The operator and the keys that tokens are signed with.

import { generateKeyPairSync } from "node:crypto";

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { notice } from "../lib/installation.mjs";

const keys = (page) => page.getByRole("table").first().getByRole("row");
const published = async (installation) => (await (await fetch(`${installation.url}/.well-known/jwks.json`)).json()).keys;

export async function an_operator_rotates_and_imports_signing_keys(installation) {
  const operator = await installation.user("operator");
  const page = await installation.signedIn(operator);
  await page.getByRole("link", { name: "Signing keys" }).click();
  await expect(keys(page)).toHaveCount(2);
  await expect(keys(page).last()).toContainText("Signing");
  await checkAccessible(page);

  // The next one stands beside it until every verifier can have it.
  const rotate = page.getByRole("region", { name: "Rotate" });
  await rotate.getByLabel("Algorithm").selectOption("ES256");
  await rotate.getByRole("button", { name: "Rotate" }).click();
  await expect(notice(page)).toContainText("A new key is published");
  await expect(keys(page).filter({ hasText: "ES256" })).toContainText("Published");
  await expect(keys(page).filter({ hasText: "RS256" })).toContainText("Signing");
  expect((await published(installation)).map((key) => key.alg).sort()).toEqual(["ES256", "RS256"]);
  await checkAccessible(page);

  await page.getByText("Import a key of your own").click();
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  await page.getByLabel("Private key (PEM)").fill("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  await page.getByLabel("Your password").fill(operator.password);
  await page.getByRole("button", { name: "Import key" }).click();
  // What is wrong is said where it was typed; the text itself does not come back.
  await expect(page.getByLabel("Private key (PEM)")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Private key (PEM)")).toHaveValue("");
  await checkAccessible(page);
  await page.getByLabel("Private key (PEM)").fill(pem);
  await page.getByLabel("Your password").fill(operator.password);
  await page.getByRole("button", { name: "Import key" }).click();
  await expect(notice(page)).toContainText("The key is published");
  await expect(keys(page).filter({ hasText: "EdDSA" })).toContainText("Published");
  await expect(page.locator("body")).not.toContainText(pem.split("\n")[1]);
  expect(await published(installation)).toHaveLength(3);

  // A leaked one is replaced at once, after a word.
  const leaked = page.getByRole("region", { name: "A private key has leaked" });
  await leaked.getByRole("textbox").fill("leaked");
  await leaked.getByRole("button").click();
  await expect(leaked.getByText("Type compromised to go on; nothing was done.", { exact: true })).toBeVisible();
  await leaked.getByRole("textbox").fill("compromised");
  await leaked.getByRole("button").click();
  await expect(notice(page)).toContainText("A new key signs");
  expect(await published(installation)).toHaveLength(1);
  await expect(keys(page)).toHaveCount(2);
  await page.getByText("Former keys (3)").click();
  await expect(page.getByRole("table").last()).toContainText("Taken out");
  await checkAccessible(page);
}
