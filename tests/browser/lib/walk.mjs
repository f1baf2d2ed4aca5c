// Opens the pages of the list one after the other, as who they are for.

import { signIn } from "./installation.mjs";
import { pages } from "../pages.mjs";

/**
 * Calls `look(page, entry)` on every page of these people; hands back what went wrong, one line for each page. `demo` is
 * what `fillDemo` made; `only` are names of pages, none for all.
 */
export async function walk(browser, demo, who, options, only, look) {
  const problems = [];
  for (const as of who) {
    const mine = pages.filter((entry) => entry.as === as && (only.length === 0 || only.includes(entry.name)));
    if (mine.length === 0) continue;
    const page = await browser.visitor(options);
    if (as !== "visitor" && as !== "nobody") await signIn(page, demo.people[as]);
    for (const entry of mine) {
      try {
        const path = entry.path.replaceAll(/\{(\w+)\}/g, (_, name) => demo.ids[name] ?? `no-${name}`);
        const answer = await page.goto(path);
        if (answer.status() !== (entry.status ?? 200)) throw new Error(`${answer.status()} at ${path}`);
        await entry.act?.(page, demo);
        await look(page, entry);
      } catch (error) {
        problems.push(`${entry.name}: ${error.message}`);
      }
    }
    await page.context().close();
  }
  return problems;
}
