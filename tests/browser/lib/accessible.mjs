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
  found.push(...(await clipped(page)));
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

/** 1.4.10: the page at the width of a narrow screen. */
async function reflow(page) {
  const before = page.viewportSize();
  await page.setViewportSize({ width: NARROWEST, height: before.height });
  const wide = await page.evaluate(() => {
    const limit = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= limit) return [];
    const contained = (element) =>
      element && (/auto|scroll|hidden|clip/.test(getComputedStyle(element).overflowX) || contained(element.parentElement));
    const describe = (element) => [element.tagName.toLowerCase(), ...element.classList].join(".");
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > limit + 1 && !contained(element.parentElement))
      .slice(0, 5)
      .map(describe);
  });
  const cut = await clipped(page);
  await page.setViewportSize(before);
  return [...wide.map((element) => `wider than ${NARROWEST} pixels: ${element}`), ...cut.map((text) => `${text} at ${NARROWEST} pixels`)];
}

/** Texts that are cut off at the right by something around them, without dots that say so. */
function clipped(page) {
  return page.evaluate(() => {
    const cuts = (element) => {
      const { overflowX, textOverflow, clipPath } = getComputedStyle(element);
      return /hidden|clip/.test(overflowX) && textOverflow !== "ellipsis" && clipPath === "none";
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() && found.length < 5) {
      const text = walker.currentNode;
      if (text.data.trim() === "") continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const { right, width } = range.getBoundingClientRect();
      if (width === 0) continue;
      for (let element = text.parentElement; element && element !== document.body; element = element.parentElement) {
        // What can be scrolled or is hidden on purpose is another matter.
        if (/auto|scroll/.test(getComputedStyle(element).overflowX) || getComputedStyle(element).clipPath !== "none") break;
        if (getComputedStyle(element).textOverflow === "ellipsis") break;
        if (cuts(element) && right > element.getBoundingClientRect().right + 1) {
          found.push(`"${text.data.trim().slice(0, 40)}" is cut off`);
          break;
        }
      }
    }
    return found;
  });
}
