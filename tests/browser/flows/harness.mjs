// What every flow would notice. The tests of these expect them to fail.

import { checkAccessible } from "../lib/accessible.mjs";

export async function a_refusal_of_the_content_security_policy_fails_a_flow(installation) {
  const page = await installation.visitor();
  await page.goto("/docs");
  await page.evaluate(() => document.body.append(Object.assign(document.createElement("script"), { text: "1" })));
}

export async function an_inaccessible_page_fails_a_flow(installation) {
  const page = await installation.visitor();
  await page.goto("/docs");
  await page.evaluate(() => document.body.append(document.createElement("button")));
  await checkAccessible(page);
}

export async function a_page_wider_than_the_screen_fails_a_flow(installation) {
  const page = await installation.visitor();
  await page.goto("/docs");
  await page.evaluate(() => document.querySelector("h1").style.setProperty("width", "500px"));
  await checkAccessible(page);
}
