// Signing in and out.

import { checkAccessible } from "../lib/accessible.mjs";
import { expect } from "../lib/browser.mjs";
import { setUpLink } from "../lib/demo.mjs";
import { fillSignIn, notice, signIn } from "../lib/installation.mjs";

const heading = (page) => page.getByRole("heading", { level: 1 });
const signOut = (page) => page.getByRole("button", { name: "Sign out" });

export async function a_person_signs_in_and_out(installation) {
  const owner = await installation.user("owner");
  const page = await installation.visitor();
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in$/);
  await checkAccessible(page);
  await fillSignIn(page, owner.email, owner.password);
  await expect(page).not.toHaveURL(/sign-in/);
  await page.goto("/nothing-here");
  await expect(heading(page)).toHaveText("Not found");
  await checkAccessible(page);
  await signOut(page).click();
  await expect(notice(page)).toHaveText("You have signed out.");
  await checkAccessible(page);

  // What the browser kept is not shown again.
  await page.goBack();
  await expect(page).toHaveURL(/nothing-here/);
  await expect(signOut(page)).toHaveCount(0);
}

export async function the_first_operator_sets_the_platform_up(installation) {
  const login = { email: "ada@platform.example", password: "quilted zebra harbor 91" };
  const page = await installation.visitor();
  const token = await setUpLink(installation);
  await page.goto(`/setup?token=${token}`);
  // The link is neither in the address nor in the history.
  await expect(page).toHaveURL(/\/setup$/);
  await checkAccessible(page);
  await page.getByLabel("Your name").fill("Ada");
  await page.getByLabel("E-mail address").fill(login.email);
  await page.getByLabel("Password", { exact: true }).fill(login.password);
  await page.getByLabel("Repeat the password").fill("something else");
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page.getByRole("alert")).toContainText("Nothing was made yet");
  await expect(page.getByLabel("E-mail address")).toHaveValue(login.email);
  await page.getByLabel("Password", { exact: true }).fill(login.password);
  await page.getByLabel("Repeat the password").fill(login.password);
  await page.getByRole("button", { name: "Set up" }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await checkAccessible(page);
  await fillSignIn(page, login.email, login.password);
  await page.getByRole("link", { name: "Organizations" }).click();
  await expect(heading(page)).toHaveText("Organizations");
  const stranger = await installation.visitor();
  await stranger.goto(`/setup?token=${token}`);
  await expect(heading(stranger)).toHaveText("This link does not work any more");
}

export async function mg7_a_wrong_password_and_an_unknown_address_look_the_same(installation) {
  const owner = await installation.user("owner");
  const page = await installation.visitor();
  const texts = [];
  for (const email of [owner.email, "nobody@example.com"]) {
    await page.goto("/sign-in");
    await fillSignIn(page, email, "a wrong password 17");
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page.getByLabel("E-mail address")).toHaveValue(email);
    await expect(page.getByLabel("Password")).toHaveValue("");
    await expect(page.getByLabel("Password")).toBeFocused();
    texts.push(await page.getByRole("main").innerText());
    expect(await page.context().cookies()).toEqual([]);
  }
  expect(texts[1]).toBe(texts[0]);
  await checkAccessible(page);
}

export async function without_script_one_signs_in_and_out(installation) {
  const page = await installation.signedIn("developer", { javaScriptEnabled: false });
  await page.goto("/nothing-here");
  await signOut(page).click();
  await expect(notice(page)).toHaveText("You have signed out.");
}

export async function a_keyboard_is_enough_to_sign_in_and_out(installation) {
  const owner = await installation.user("owner");
  const page = await installation.visitor();
  await page.goto("/sign-in");
  await expect(page.getByLabel("E-mail address")).toBeFocused();
  await page.keyboard.type(owner.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(owner.password);
  await page.keyboard.press("Enter");
  await expect(page).not.toHaveURL(/sign-in/);
  await page.goto("/nothing-here");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await signOut(page).focus();
  await page.keyboard.press("Space");
  await expect(notice(page)).toHaveText("You have signed out.");
}

export async function nobody_is_sent_to_another_site_after_signing_in(installation) {
  const owner = await installation.user("owner");
  for (const next of ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]) {
    const page = await installation.visitor();
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await fillSignIn(page, owner.email, owner.password);
    await expect(page).not.toHaveURL(/sign-in/);
    expect(new URL(page.url()).origin, next).toBe(installation.url);
  }
}

export async function mg4_a_planted_session_is_not_the_one_that_is_signed_in(installation) {
  const owner = await installation.user("owner");
  const page = await installation.visitor();
  const name = "__Host-claviger_session";
  const value = `ses_${"A".repeat(43)}`;
  await page.context().addCookies([{ name, value, url: installation.url.replace("http:", "https:"), secure: true }]);
  const session = async () => (await page.context().cookies()).find((cookie) => cookie.name === name)?.value;
  await signIn(page, owner);
  const first = await session();
  expect(first).toBeTruthy();
  expect(first).not.toBe(value);

  await page.goto("/nothing-here");
  await signOut(page).click();
  await expect(heading(page)).toHaveText("Sign in");
  expect(await session()).toBeUndefined();
  await signIn(page, owner);
  expect(await session()).not.toBe(first);

  // The session that was signed out is over for whoever kept it.
  const thief = await installation.visitor();
  await thief.context().addCookies([{ name, value: first, url: installation.url.replace("http:", "https:"), secure: true }]);
  await thief.goto("/");
  await expect(thief).toHaveURL(/\/sign-in/);
}

export async function mg4_a_disabled_user_is_signed_out_at_the_next_click(installation) {
  const admin = await installation.user("admin");
  const page = await installation.signedIn(admin);
  await installation.cli(["users", "disable", admin.id]);
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in/);
  await fillSignIn(page, admin.email, admin.password);
  await expect(page.getByRole("alert")).toBeVisible();
}

export async function who_tries_too_often_is_told_to_wait(installation) {
  const owner = await installation.user("owner");
  const page = await installation.visitor();
  await page.goto("/sign-in");
  for (let attempt = 0; attempt < 30; attempt += 1) {
    await fillSignIn(page, owner.email, `wrong password number ${attempt}`);
    const alert = await page.getByRole("alert").innerText();
    if (/wait|later|again in|too many/i.test(alert)) return;
  }
  throw new Error("nobody was told to wait");
}
