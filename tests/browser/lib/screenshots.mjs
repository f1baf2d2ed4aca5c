// Writes a picture of every page into a folder: at a desk and on a phone, light and dark. The server is one of its own, in a
// temporary folder, with the demo's data.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { Browser } from "./browser.mjs";
import { fillDemo, setUpLink } from "./demo.mjs";
import { Mailbox } from "./mailbox.mjs";
import { walk } from "./walk.mjs";

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
const PEOPLE = ["visitor", "owner", "admin", "developer", "operator", "observer", "newcomer"];
/** A page may be longer than anybody wants to look at. */
const TALLEST = 6_000;

const folder = resolve(process.argv[2]);
const only = process.argv.slice(3);
mkdirSync(folder, { recursive: true });
const home = mkdtempSync(join(tmpdir(), "claviger-screenshots-"));
const server = await start();
process.exitCode = 1;
try {
  const browser = await Browser.launch(server.url);
  try {
    const problems = [];
    const walkAll = async (demo, people) => {
      for (const [size, viewport] of Object.entries(SIZES)) {
        for (const colorScheme of ["light", "dark"]) {
          const look = (page, entry) => picture(page, viewport, `${entry.name}-${size}-${colorScheme}`);
          problems.push(...(await walk(browser, demo, people, { viewport, colorScheme }, only, look)));
        }
      }
    };
    await walkAll({ ids: { setup: await setUpLink(server) } }, ["nobody"]);
    await walkAll(await fillDemo(server), PEOPLE);
    problems.forEach((problem) => console.error(problem));
    process.exitCode = problems.length > 0 ? 1 : 0;
  } finally {
    await browser.close();
  }
} finally {
  server.process.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
}

async function picture(page, viewport, name) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const path = join(folder, `${name}.png`);
  await page.setViewportSize({ ...viewport, height: Math.max(viewport.height, Math.min(height, TALLEST)) });
  await page.screenshot({ path });
  await page.setViewportSize(viewport);
  console.log(path);
}

/** A server on an empty database, once it is ready. */
async function start() {
  const mailbox = await Mailbox.open();
  const program = resolve(process.env.CLAVIGER);
  const url = `http://127.0.0.1:${await freePort()}`;
  const database = join(home, "data", "claviger.db");
  const options = ["--database-url", `sqlite://${database}`, "--keys-dir", join(home, "keys"), "--issuer", url];
  const serve = ["serve", "--listen", url.slice(7), "--webhook-allow-private", "127.0.0.0/8", "--smtp-url", mailbox.url, "--mail-from", "claviger@example.com", "--log-level", "warn", ...options];
  const child = spawn(program, serve, { cwd: home, env: { PATH: process.env.PATH, HOME: home }, stdio: ["ignore", "ignore", "inherit"] });
  process.once("SIGINT", () => child.kill("SIGKILL"));
  for (let attempt = 0; ; attempt += 1) {
    const ready = await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
    if (ready) break;
    if (attempt > 300 || child.exitCode !== null) throw new Error("the server did not become ready");
    await new Promise((later) => setTimeout(later, 50));
  }
  const run = (file, args, input) => execFileSync(file, args, { cwd: home, input, encoding: "utf8", env: { PATH: process.env.PATH, HOME: home } });
  return {
    url,
    process: child,
    cli: async (args, input) => JSON.parse(run(program, [...args, "--json", ...options], input) || "null"),
    linkMailedTo: (email) => mailbox.linkMailedTo(email),
    sql: async (text) => run("sqlite3", ["-cmd", ".timeout 10000", database, text]),
  };
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
