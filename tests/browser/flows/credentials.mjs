// Keys without a shared secret: what the form asks for each, and what stands on their pages.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { notice } from "../lib/installation.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });

// The public key of RFC 8037, appendix A.2.
const JWK_SET = JSON.stringify({
  keys: [{ kty: "OKP", crv: "Ed25519", kid: "2026", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
});
const THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

async function begin(page, name) {
  await page.goto("/api-keys/new");
  await page.getByLabel("Name").fill(name);
  await page.getByRole("group", { name: "payments", exact: true }).getByText("Write", { exact: true }).click();
}

export async function a_key_is_made_with_a_jwk_set(installation) {
  const page = await installation.signedIn("owner");
  await begin(page, "Signs its requests");
  // Only the fields of what is chosen are in sight.
  await expect(page.getByLabel("JWK Set")).toBeHidden();
  await expect(page.getByLabel("Audience")).toBeHidden();
  await page.getByLabel("An assertion that it signs").check();
  await expect(page.getByLabel("JWK Set")).toBeVisible();
  await expect(page.getByRole("complementary")).toContainText("Its public keys are not given yet");
  await page.getByRole("button", { name: "Create API key" }).click();
  await expect(page.getByRole("alert")).toContainText("JWK Set");
  await checkAccessible(page);
  await page.getByLabel("JWK Set").fill(JWK_SET);
  await expect(page.getByRole("complementary")).toContainText("2026 (kPrK_qmx…)");
  await page.getByLabel("Issue bound tokens only").check();
  await expect(page.getByRole("complementary")).toContainText("bound to it");
  await checkAccessible(page);
  await page.getByRole("button", { name: "Create API key" }).click();

  await expect(heading(page)).toHaveText("Signs its requests");
  await expect(notice(page)).toContainText("It has no secret");
  const proof = page.getByRole("region", { name: "Authentication", exact: true });
  await expect(proof).toContainText("2026");
  await expect(proof).toContainText(THUMBPRINT);
  await expect(page.getByRole("region", { name: "Get a token" })).toContainText("DPoP");
  await expect(page.locator("#snippet-python")).toContainText('algorithm="EdDSA"');
  await expect(page.getByRole("link", { name: "Regenerate secret" })).toHaveCount(0);
  await checkAccessible(page);

  // The page that tries keys says what the program does instead.
  await page.getByRole("link", { name: "Try it" }).last().click();
  await expect(page.getByRole("heading", { level: 2, name: /can't get a token/ })).toBeVisible();
  await expect(page.getByLabel("Secret", { exact: true })).toHaveCount(0);
  await page.getByLabel("Scopes").fill("payments:read");
  await page.getByRole("button", { name: "Show the request" }).click();
  await expect(page.locator("#snippet-python")).toContainText('"scope": "payments:read"');
  await checkAccessible(page);
  await page.goto("/api-keys");
  await expect(page.getByRole("row", { name: /Signs its requests/ })).toContainText("Public keys");
}

export async function without_script_a_workload_is_given_a_key(installation) {
  const page = await installation.signedIn("owner", { javaScriptEnabled: false });
  await begin(page, "Nightly export");
  await page.getByLabel("A token of the platform that it runs on").check();
  await expect(page.getByLabel("JWK Set")).toBeHidden();
  await page.getByLabel("Issuer", { exact: true }).fill("https://kubernetes.example.com");
  await page.getByLabel("Audience").fill("https://keys.example.com");
  await page.getByRole("button", { name: "Create API key" }).click();
  await expect(page.getByRole("alert")).toContainText("Needs subject");
  await page.getByLabel("Subject", { exact: true }).fill("system:serviceaccount:shop:export");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByRole("complementary")).toContainText("It is system:serviceaccount:shop:export of https://kubernetes.example.com");
  await page.getByRole("button", { name: "Create API key" }).click();
  await expect(heading(page)).toHaveText("Nightly export");
  await expect(page.getByRole("region", { name: "Authentication", exact: true })).toContainText("system:serviceaccount:shop:export");
  await expect(page.locator("#snippet-curl")).toContainText("client_assertion@");
}

export async function a_key_is_made_with_a_certificate(installation) {
  const page = await installation.signedIn("owner");
  await begin(page, "Payout file");
  await page.getByLabel("A certificate of a CA").check();
  await page.getByLabel("Recognised by its").selectOption("DNS name");
  await page.getByLabel("Issued to").fill("*.example.com");
  await page.getByRole("button", { name: "Create API key" }).click();
  await expect(page.getByRole("alert")).toContainText("Certificate");
  await checkAccessible(page);
  await expect(page.getByLabel("Recognised by its")).toHaveValue("tls_client_auth_san_dns");
  await page.getByLabel("Issued to").fill("export.example.com");
  await expect(page.getByRole("complementary")).toContainText("Its certificate names export.example.com");
  await page.getByRole("button", { name: "Create API key" }).click();
  await expect(heading(page)).toHaveText("Payout file");
  await expect(page.getByRole("region", { name: "Authentication", exact: true })).toContainText("export.example.com");
  await expect(page.locator("#snippet-curl")).toContainText("--cert client.pem");
  await checkAccessible(page);
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByLabel("Issued to").fill("import.example.com");
  await expect(page.locator("#summary ins")).toContainText("import.example.com");
  await page.getByRole("button", { name: "Save changes" }).click();
  await expect(page.getByRole("region", { name: "Authentication", exact: true })).toContainText("import.example.com");
}
