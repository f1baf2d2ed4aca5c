// A mail server that keeps what it gets: just enough SMTP for one that sends.

import { createServer } from "node:net";
import { once } from "node:events";

export class Mailbox {
  #mails = [];

  /** One on a free port; it ends with the program. */
  static async open() {
    const mailbox = new Mailbox();
    const server = createServer((socket) => mailbox.#converse(socket)).listen(0, "127.0.0.1");
    server.unref();
    await once(server, "listening");
    mailbox.url = `smtp://127.0.0.1:${server.address().port}?tls=none`;
    return mailbox;
  }

  #converse(socket) {
    let text = "";
    let isMail = false;
    socket.on("error", () => {});
    socket.write("220 mailbox\r\n");
    socket.on("data", (data) => {
      text += data;
      for (;;) {
        const end = text.indexOf(isMail ? "\r\n.\r\n" : "\r\n");
        if (end < 0) return;
        const piece = text.slice(0, end);
        text = text.slice(end + (isMail ? 5 : 2));
        if (isMail) this.#mails.push(piece.replaceAll("=\r\n", "").replaceAll("=3D", "="));
        isMail = /^DATA/i.test(piece) && !isMail;
        socket.write(isMail ? "354 go on\r\n" : /^QUIT/i.test(piece) ? "221 bye\r\n" : "250 yes\r\n");
      }
    });
  }

  /** The token of the link in the newest mail to that address, once it is there. */
  async linkMailedTo(email) {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const mail = this.#mails.findLast((mail) => mail.includes(email));
      const token = mail?.match(/token=([\w-]+)/)?.[1];
      if (token) return token;
      await new Promise((later) => setTimeout(later, 100));
    }
    throw new Error(`no mail for ${email}`);
  }
}
