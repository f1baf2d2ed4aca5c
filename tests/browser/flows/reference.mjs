// The reference of the API.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";

export async function the_reference_is_accessible(installation) {
  const page = await installation.visitor();
  await page.goto("/docs");
  await expect(page).toHaveTitle(/reference/);
  await checkAccessible(page);
}

export async function a_chapter_of_the_reference_is_a_click_away(installation) {
  const page = await installation.visitor({ javaScriptEnabled: false });
  await page.goto("/docs");
  await page.getByRole("navigation", { name: "Contents" }).getByRole("link", { name: "Errors" }).click();
  await expect(page).toHaveURL(/#errors$/);
  await expect(page.getByRole("heading", { name: "Errors" })).toBeInViewport();
}
