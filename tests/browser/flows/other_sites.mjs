// What a page of another site makes the browser of somebody who has signed in do.

import { expect } from "../lib/browser.mjs";
import { otherSite } from "../lib/other_site.mjs";

const isSignedIn = async (page) => {
  await page.goto("/nothing-here");
  return (await page.getByRole("button", { name: "Sign out" }).count()) === 1;
};

/** A form there that is sent as soon as the page is open. */
const hostile = (action, fields, encoding = "application/x-www-form-urlencoded") =>
  otherSite(
    `<form method="post" action="${action}" enctype="${encoding}">${Object.entries(fields)
      .map(([name, value]) => `<input name="${name}" value="${value}">`)
      .join("")}</form><script>document.forms[0].submit()</script>`,
  );

export async function mg5_a_form_on_another_site_changes_nothing(installation) {
  const page = await installation.signedIn("owner");
  for (const encoding of ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]) {
    const refused = page.waitForResponse((response) => response.url() === `${installation.url}/sign-out`);
    await page.goto(await hostile(`${installation.url}/sign-out`, { form_token: "x" }, encoding)).catch(() => {});
    expect([403, 415], encoding).toContain((await refused).status());
    expect(await isSignedIn(page), encoding).toBe(true);
  }
}

export async function mg5_another_site_cannot_sign_a_person_in(installation) {
  const attacker = await installation.user("owner");
  const page = await installation.visitor();
  const refused = page.waitForResponse((response) => response.url() === `${installation.url}/sign-in`);
  await page.goto(await hostile(`${installation.url}/sign-in`, attacker)).catch(() => {});
  expect((await refused).status()).toBe(403);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not from here");
  expect(await page.context().cookies()).toEqual([]);
}

export async function mg5_another_site_reads_and_changes_nothing_by_script(installation) {
  const page = await installation.signedIn("owner");
  const site = await otherSite("<p>waiting</p>");
  const tab = await page.context().newPage();
  await tab.goto(site);
  installation.browser.expectError(/CORS policy/);
  installation.browser.expectError(/net::ERR_FAILED for .*(session|sign-out)$/);
  const answers = await tab.evaluate(async (url) => {
    const attempt = (path, options) => fetch(url + path, { credentials: "include", ...options }).then((r) => r.type, () => "failed");
    return [
      await attempt("/api/v1/session", {}),
      await attempt("/sign-out", { method: "POST", body: new URLSearchParams({ form_token: "x" }) }),
      await attempt("/api/v1/session", { method: "DELETE" }),
    ];
  }, installation.url);
  expect(answers).toEqual(["failed", "failed", "failed"]);
  expect(await isSignedIn(page)).toBe(true);
}

export async function mg5_no_page_stands_in_another_sites_frame(installation) {
  const page = await installation.signedIn("owner");
  installation.browser.expectError(/frame-ancestors 'none'/);
  for (const path of ["/sign-in", "/nothing-here", "/docs"]) {
    installation.browser.expectError(new RegExp(`ERR_BLOCKED_BY_RESPONSE for .*${path}$`));
    await page.goto(await otherSite(`<iframe src="${installation.url}${path}"></iframe><p>around</p>`));
    await expect(page.getByText("around")).toBeVisible();
    await expect(page.frameLocator("iframe").getByRole("main"), path).toHaveCount(0);
  }
}

export async function mg5_a_window_of_another_site_has_no_hold_on_a_page(installation) {
  const page = await installation.signedIn("owner");
  const tab = await page.context().newPage();
  await tab.goto(await otherSite(`<a href="${installation.url}/nothing-here" target="victim">open</a>`));
  const opened = tab.context().waitForEvent("page");
  await tab.evaluate((url) => void (globalThis.victim = globalThis.open(url, "victim")), `${installation.url}/nothing-here`);
  const victim = await opened;
  await victim.waitForLoadState();
  expect(await victim.evaluate(() => globalThis.opener)).toBe(null);
  expect(await tab.evaluate(() => globalThis.victim.closed)).toBe(true);
}
