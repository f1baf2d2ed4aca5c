// WCAG 2.2 AA as far as a program can see it.

import { axe } from "./libraries.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** 1.4.10: no scrolling in two directions at this width. */
const NARROWEST = 320;

/** Fails with everything that axe-core finds on the page, light and dark, and when the page is wider than a narrow screen. */
export async function checkAccessible(page) {
  const found = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const violation of await violations(page)) found.push(`${colorScheme}: ${violation}`);
  }
  await page.emulateMedia({ colorScheme: null });
  found.push(...(await reflow(page)));
  if (found.length > 0) throw new Error(`${page.url()} is not accessible:\n${found.join("\n")}`);
}

async function violations(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  const report = await page.evaluate(
    (values) =>
      globalThis.axe.run(document, {
        runOnly: { type: "tag", values },
        rules: { "target-size": { enabled: true } },
        resultTypes: ["violations"],
      }),
    TAGS,
  );
  return report.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html, failureSummary }) => {
      const why = failureSummary.replaceAll(/\s+/g, " ");
      return `${id} at ${target.join(" ")}: ${why}\n    ${html.slice(0, 200)}`;
    }),
  );
}

async function reflow(page) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: NARROWEST, height: before.height });
  const wide = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= limit) return [];
    const path = (element) => element.tagName.toLowerCase() + (element.id && `#${element.id}`) + (element.className && `.${element.className}`);
    const scrolls = (element) => element && (/auto|scroll|hidden/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > limit + 1 && !scrolls(element.parentElement))
      .slice(0, 5)
      .map(path);
  });
  await page.setViewportSize(before);
  return wide.map((element) => `wider than ${NARROWEST} pixels: ${element}`);
}
