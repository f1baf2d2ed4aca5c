// Every page: by whom it is looked at, and where it is. The pictures are made of this list, and a test looks at each of its
// pages with axe-core. In a path, `{key}` and the like are ids of the demo (lib/demo.mjs). `act` does something first.

export const pages = [
  { name: "sign-in", as: "visitor", path: "/sign-in" },
  { name: "sign-in-refused", as: "visitor", path: "/sign-in", act: refuseSignIn },
  { name: "reference", as: "visitor", path: "/docs" },
  { name: "not-found", as: "owner", path: "/nothing-here", status: 404 },
];

async function refuseSignIn(page) {
  await page.getByLabel("E-mail address").fill("somebody@northwind.example");
  await page.getByLabel("Password").fill("not this one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
}
