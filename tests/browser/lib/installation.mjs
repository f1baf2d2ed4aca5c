// What a flow works with: a server with its people and data, and browsers of people who use it.

import { expect } from "./browser.mjs";

export class Installation {
  #ask;

  /** `ask` lets the test outside do something: see tests/acceptance/support/browser.rs. */
  constructor(browser, url, fixture, ask) {
    this.browser = browser;
    this.url = url;
    this.fixture = fixture;
    this.#ask = ask;
  }

  /** A page of somebody who is not signed in. */
  visitor(options) {
    return this.browser.visitor(options);
  }

  /** A new user, `{id, email, password}`: an owner, admin or developer of the organization, or an operator. */
  user(role) {
    return this.#ask({ what: "user", role });
  }

  /** A page of a user who has signed in; of a new one when a role is given. */
  async signedIn(userOrRole, options) {
    const user = typeof userOrRole === "string" ? await this.user(userOrRole) : userOrRole;
    const page = await this.visitor(options);
    await signIn(page, user);
    return page;
  }

  /** `claviger ARGUMENTS --json`, with that on standard input: what it printed. */
  cli(args, input = "") {
    return this.#ask({ what: "cli", args, input });
  }

  /** A new scoped key of the organization, `{client_id, client_secret, …}`. */
  key(name, ...args) {
    return this.cli(["keys", "create", "--organization", this.fixture.organization, "--name", name, ...args]);
  }

  /** SQL behind the server's back. */
  sql(text) {
    return this.#ask({ what: "sql", text });
  }

  /** The token of the link in the one mail that is to be sent to that address. */
  linkMailedTo(email) {
    return this.#ask({ what: "mail", email });
  }
}

/** What a page says after a change. Beside it there may be places where the script will say something. */
export const notice = (page) => page.getByRole("status").filter({ hasText: /\w/ });

/** Signs in as a person does. */
export async function signIn(page, { email, password }) {
  await page.goto("/sign-in");
  await fillSignIn(page, email, password);
  await expect(page).not.toHaveURL(/sign-in/);
}

/** Fills the form of the sign-in page and sends it. */
export async function fillSignIn(page, email, password) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
