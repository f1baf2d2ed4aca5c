// Runs one flow: a function that a file of flows/ exports, with a browser of its own. tests/acceptance starts this program
// and speaks to it in lines of JSON: the first line says which flow, later ones answer what the flow asks for.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Browser } from "./browser.mjs";
import { Installation } from "./installation.mjs";
import { cache } from "./libraries.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value ?? "null");
const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** What the test does for the flow: one question at a time, in the order of asking. */
let last = Promise.resolve();
function ask(question) {
  const answered = last.then(async () => {
    write({ ask: question });
    const { answer, error } = await read();
    if (error) throw new Error(`${question.what}: ${error}`);
    return answer;
  });
  last = answered.catch(() => {});
  return answered;
}

const { file, name, url, fixture } = await read();
const browser = await Browser.launch(url);
let failed;
try {
  const flows = await import(new URL(`../flows/${file}`, import.meta.url));
  if (typeof flows[name] !== "function") throw new Error(`${file} exports no ${name}`);
  await flows[name](new Installation(browser, url, fixture, ask));
  browser.assertNoErrors();
} catch (error) {
  const folder = join(cache, "failures");
  mkdirSync(folder, { recursive: true });
  failed = {
    error: String(error?.stack ?? error).replaceAll(/\u001b\[[0-9;]*m/g, ""),
    errors: browser.errors,
    pages: await browser.describe(folder, name),
  };
}
await browser.close();
process.stdout.write(`${JSON.stringify(failed ? { failed } : { passed: name })}\n`, () => process.exit());
