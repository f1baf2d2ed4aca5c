// What a role may not do is neither shown nor accepted.

import { expect } from "../lib/browser.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });

/** Sections of the navigation. */
const DEVELOPER = ["API keys", "Try it", "Usage", "Accounts"];
const OWNER = [...DEVELOPER, "Users", "Webhooks", "Audit log"];
const OPERATOR = [...OWNER, "Organizations", "Plans", "Catalogue", "Signing keys", "Health"];

/** The pages behind them, and those that change something. */
const PATHS = {
  Users: ["/users"],
  Webhooks: ["/webhooks", "/webhooks/new"],
  "Audit log": ["/audit-log", "/audit-log/export"],
  Organizations: ["/operator/organizations", "/operator/organizations/new"],
  Plans: ["/operator/plans", "/operator/plans/new"],
  Catalogue: ["/operator/catalogue", "/operator/catalogue/scopes/new"],
  "Signing keys": ["/operator/signing-keys"],
  Health: ["/operator/health"],
};
/** Only owners change these. */
const OWNERS_PATHS = ["/accounts/new", "/users/new"];

/** What that person sees, and that every other page is refused. */
async function sees(page, sections) {
  await page.goto("/profile");
  const labels = await page.getByRole("navigation").getByRole("link").allInnerTexts();
  expect(labels).toEqual(sections);
  for (const label of sections) {
    await page.goto("/profile");
    await page.getByRole("navigation").getByRole("link", { name: label, exact: true }).click();
    await expect(page.getByRole("navigation").getByRole("link", { name: label, exact: true })).toHaveAttribute("aria-current", "page");
    await expect(heading(page)).not.toHaveText(/Not (found|allowed)/);
  }
  const others = Object.entries(PATHS).filter(([label]) => !sections.includes(label));
  await refuses(page, others.flatMap(([, paths]) => paths));
}

async function refuses(page, paths) {
  for (const path of paths) {
    const answer = await page.goto(path);
    expect([403, 404], path).toContain(answer.status());
    await expect(heading(page), path).toHaveText(/Not (found|allowed)/);
  }
}

export async function mg2_a_developer_sees_keys_and_accounts(installation) {
  const page = await installation.signedIn("developer");
  await sees(page, DEVELOPER);
  await refuses(page, OWNERS_PATHS);
}

export async function mg2_an_admin_sees_the_organization_and_leaves_people_as_they_are(installation) {
  const page = await installation.signedIn("admin");
  await sees(page, OWNER);
  await refuses(page, OWNERS_PATHS);
  await page.goto("/users");
  await expect(page.getByRole("link", { name: /invite/i })).toHaveCount(0);
}

export async function mg2_an_owner_sees_everything_of_the_organization(installation) {
  const page = await installation.signedIn("owner");
  await sees(page, OWNER);
  await page.goto("/users");
  await expect(page.getByRole("link", { name: /invite/i })).toBeVisible();
}

export async function mg2_an_operator_sees_the_platform(installation) {
  const page = await installation.signedIn("operator");
  await sees(page, OPERATOR);
}

export async function mg2_a_developer_finds_no_way_to_change_a_key(installation) {
  const key = await installation.key("Nightly export", "--grant", "payments:read");
  const page = await installation.signedIn("developer");
  await page.goto(`/api-keys/${key.client_id}`);
  await expect(heading(page)).toHaveText("Nightly export");
  const main = page.getByRole("main");
  for (const deed of ["Regenerate secret", "Edit", "Disable", "Revoke tokens", "Delete"]) {
    await expect(main.getByRole("link", { name: deed, exact: true }), deed).toHaveCount(0);
  }
  await expect(main.getByRole("link", { name: "Duplicate" })).toBeVisible();
  const deeds = ["regenerate", "edit", "disable", "enable", "revoke-tokens", "delete"];
  await refuses(page, deeds.map((deed) => `/api-keys/${key.client_id}/${deed}`));
}

export async function mg2_what_belongs_to_another_organization_is_not_there(installation) {
  const other = installation.fixture.other_organization;
  const key = await installation.cli(["keys", "create", "--organization", other, "--name", "Foreign", "--grant", "payments:read"]);
  const page = await installation.signedIn("owner");
  for (const path of [`/api-keys/${key.client_id}`, `/api-keys/${key.client_id}/regenerate`, `/accounts/${installation.fixture.foreign_account}`]) {
    const answer = await page.goto(path);
    expect(answer.status(), path).toBe(404);
    await expect(page.getByRole("main"), path).not.toContainText("Foreign");
  }
}
