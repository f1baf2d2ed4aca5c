// The installed libraries: they lie in the build's folder, not beside these files, so the usual import does not find them.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder that tests/browser/run installs into. */
export const cache = process.env.BROWSER_CACHE;
if (!cache) throw new Error("start this with tests/browser/run");

const installed = createRequire(join(cache, "package.json"));

export const { chromium, expect } = installed("playwright/test");

/** axe-core as text, to be run inside a page. */
export const axe = readFileSync(installed.resolve("axe-core/axe.min.js"), "utf8");
