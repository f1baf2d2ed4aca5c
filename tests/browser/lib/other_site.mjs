// A site that somebody else runs: another port is another origin, and `localhost` beside 127.0.0.1 another site.

import { createServer } from "node:http";
import { once } from "node:events";

/** Serves that HTML at every path; hands back the address. It ends with the flow. */
export async function otherSite(html) {
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end(`<!doctype html><title>Another site</title>${html}`);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return `http://localhost:${server.address().port}/`;
}
