// One Chromium process, the people who use it, and everything that went wrong in their pages.

import { join } from "node:path";

import { chromium, expect as plain } from "./libraries.mjs";

/** How long a person waits for anything; the machine may be busy. */
const PATIENCE_MS = 15_000;

/** Playwright's assertions: they wait until they hold. */
export const expect = plain.configure({ timeout: PATIENCE_MS });

export class Browser {
  /** Errors of scripts, refusals of the content security policy, sub-resources that did not come, and faults of the server. */
  errors = [];
  #expected = [];
  #contexts = [];

  static async launch(url) {
    const browser = new Browser();
    browser.url = url;
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM,
      handleSIGINT: true,
      handleSIGTERM: true,
    });
    return browser;
  }

  /** A page of somebody who has never been here: cookies of their own. `options` are those of Playwright's `newContext`. */
  async visitor(options = {}) {
    const context = await this.chromium.newContext({
      baseURL: this.url,
      locale: "en-GB",
      timezoneId: "Europe/Lisbon",
      reducedMotion: "reduce",
      viewport: { width: 1280, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    context.on("page", (page) => this.#watch(page));
    this.#contexts.push(context);
    return context.newPage();
  }

  #watch(page) {
    const report = (what) => this.errors.push(`${page.url()}: ${what}`);
    page.on("pageerror", (error) => report(`script: ${error.message}`));
    page.on("console", (message) => {
      // What did not load is judged by its status below.
      const known = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !known) report(`console: ${message.text()}`);
    });
    page.on("response", (response) => {
      const page = response.request().isNavigationRequest();
      if (response.status() >= (page ? 500 : 400)) report(`${response.status()} for ${response.url()}`);
    });
    page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText;
      if (reason !== "net::ERR_ABORTED") report(`${reason} for ${request.url()}`);
    });
  }

  /** From now on an error that matches does not fail the flow; at the end it must have happened. */
  expectError(pattern) {
    this.#expected.push(pattern);
  }

  assertNoErrors() {
    const unexpected = this.errors.filter((error) => !this.#expected.some((pattern) => pattern.test(error)));
    if (unexpected.length > 0) throw new Error(`errors in the browser:\n${unexpected.join("\n")}`);
    const missing = this.#expected.filter((pattern) => !this.errors.some((error) => pattern.test(error)));
    if (missing.length > 0) throw new Error(`this was expected and did not happen: ${missing.join(", ")}`);
  }

  /** What every open page shows, with a picture of each in that folder. */
  async describe(folder, name) {
    const pages = this.#contexts.flatMap((context) => context.pages());
    return Promise.all(
      pages.map(async (page, number) => {
        const screenshot = join(folder, `${name}-${number}.png`);
        const shown = { url: page.url(), screenshot };
        await page.screenshot({ path: screenshot, timeout: 5_000 }).catch((error) => (shown.screenshot = `none: ${error.message}`));
        shown.text = await page.locator("body").innerText({ timeout: 2_000 }).catch(() => "");
        return shown;
      }),
    );
  }

  async close() {
    await this.chromium.close();
  }
}
