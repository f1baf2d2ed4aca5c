// Opens the pages of the list one after the other, as who they are for.

import { signIn } from "./installation.mjs";
import { pages } from "../pages.mjs";

/** Calls `look(page, entry)` on every page of these people. `demo` is what `fillDemo` made. */
export async function walk(browser, demo, who, options, look) {
  for (const as of who) {
    const page = await browser.visitor(options);
    if (as !== "visitor") await signIn(page, demo.people[as]);
    for (const entry of pages.filter((entry) => entry.as === as)) {
      const path = entry.path.replaceAll(/\{(\w+)\}/g, (_, name) => demo.ids[name] ?? `no-${name}`);
      const answer = await page.goto(path);
      if (answer.status() !== (entry.status ?? 200)) throw new Error(`${entry.name}: ${answer.status()} at ${path}`);
      await entry.act?.(page, demo);
      await look(page, entry);
    }
    await page.context().close();
  }
}
