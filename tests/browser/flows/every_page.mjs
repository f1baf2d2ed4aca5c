// Every page of pages.mjs, with the demo's data, as each kind of person.

import { checkAccessible } from "../lib/accessible.mjs";
import { fillDemo, setUpLink } from "../lib/demo.mjs";
import { checkLight } from "../lib/light.mjs";
import { walk } from "../lib/walk.mjs";

async function look(installation, who, demo) {
  const problems = await walk(installation.browser, demo, who, {}, [], async (page, entry) => {
    // It is long, and has a flow of its own.
    if (entry.name === "reference") return;
    const failed = [];
    for (const check of [checkLight, checkAccessible]) await check(page).catch((error) => failed.push(error.message));
    if (failed.length > 0) throw new Error(failed.join("\n"));
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

export async function pages_for_everybody_are_accessible_and_light(installation) {
  await look(installation, ["nobody"], { ids: { setup: await setUpLink(installation) } });
  await look(installation, ["visitor"], await fillDemo(installation));
}

export async function pages_of_an_owner_are_accessible_and_light(installation) {
  await look(installation, ["owner"], await fillDemo(installation));
}

export async function pages_of_others_are_accessible_and_light(installation) {
  await look(installation, ["admin", "developer", "newcomer"], await fillDemo(installation));
}

export async function pages_of_an_operator_are_accessible_and_light(installation) {
  await look(installation, ["operator", "observer"], await fillDemo(installation));
}
