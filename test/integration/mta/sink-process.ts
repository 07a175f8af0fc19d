/**
 * A mail server for tests that writes what it gets into files: SMTP, or LMTP (RFC 2033) with a reply for each recipient. It is written for
 * tests alone, from the RFCs, and shares nothing with what it tests. Started by sink.ts: node sink-process.ts FOLDER PLACE smtp|lmtp [CAPABILITY…]
 * A recipient named rcpt-CODE-X.Y.Z@… is refused at RCPT with that, one named end-CODE-X.Y.Z@… after the final dot, one named slow-MS@…
 * is answered only after so many milliseconds. Each message lies in its file, whole, before its 250 is sent.
 */
import { renameSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";

const [folder = ".", place = "0", protocol = "smtp", ...capabilities] = process.argv.slice(2);
let count = 0;

type Session = {
  readonly socket: Socket;
  mailFrom: string | null;
  mailParameters: string;
  rcptTo: string[];
  helo: string;
  readonly told: string[];
  isMessage: boolean;
};

const server = createServer((socket) => {
  const session: Session = { socket, mailFrom: null, mailParameters: "", rcptTo: [], helo: "", told: [], isMessage: false };
  let bytes = "";
  let turn = Promise.resolve();
  socket.setNoDelay(true).setEncoding("latin1");
  socket.on("error", () => {});
  socket.write(`220 sink.test ${protocol === "lmtp" ? "LMTP" : "ESMTP"}\r\n`);
  // One thing after another: a slow answer holds up what comes behind it.
  socket.on("data", (text: string) => {
    turn = turn.then(async () => {
      bytes += text;
      for (;;) {
        const end = session.isMessage ? endOfMessage(bytes) : bytes.indexOf("\r\n");
        if (end < 0) return;
        const part = bytes.slice(0, end);
        bytes = bytes.slice(end + (session.isMessage ? 3 : 2));
        await (session.isMessage ? onMessage(session, part) : onCommand(session, part));
      }
    });
  });
});

const port = Number(place);
server.listen(Number.isInteger(port) ? { port, host: "127.0.0.1" } : { path: place });

/** Where CRLF "." CRLF has its dot; the message before it ends with CRLF, or is empty. */
function endOfMessage(bytes: string): number {
  if (bytes.startsWith(".\r\n")) return 0;
  const at = bytes.indexOf("\r\n.\r\n");
  return at < 0 ? -1 : at + 2;
}

async function onCommand(session: Session, line: string): Promise<void> {
  const say = (reply: string) => session.socket.write(`${reply}\r\n`);
  const [verb = "", rest = ""] = [/^\S*/.exec(line)?.[0].toUpperCase(), line.replace(/^\S*\s*/, "")];
  const reset = () => {
    session.mailFrom = null;
    session.rcptTo = [];
  };
  switch (verb) {
    case "EHLO":
    case "LHLO":
      reset();
      if ((verb === "LHLO") !== (protocol === "lmtp")) return void say("500 5.5.1 wrong protocol");
      session.helo = rest;
      return void say(
        ["sink.test", "PIPELINING", "ENHANCEDSTATUSCODES", ...capabilities]
          .map((word, i, all) => `250${i === all.length - 1 ? " " : "-"}${word}`)
          .join("\r\n"),
      );
    case "HELO":
      return void say("250 sink.test");
    case "XCLIENT":
      session.told.push(line);
      return void say("220 sink.test");
    case "XFORWARD":
      session.told.push(line);
      return void say("250 2.0.0 Ok");
    case "MAIL":
      session.mailFrom = /<(.*?)>/.exec(rest)?.[1] ?? "";
      session.mailParameters = rest.replace(/^.*?>\s*/, "");
      return void say("250 2.1.0 Ok");
    case "RCPT":
      return void say(await onRecipient(session, /<(.*?)>/.exec(rest)?.[1] ?? ""));
    case "DATA":
      if (session.rcptTo.length === 0) return void say("554 5.5.1 no valid recipients");
      session.isMessage = true;
      return void say("354 go ahead");
    case "RSET":
      reset();
      return void say("250 2.0.0 Ok");
    case "NOOP":
      return void say("250 2.0.0 Ok");
    case "QUIT":
      say("221 2.0.0 Bye");
      return void session.socket.end();
    default:
      return void say("500 5.5.2 unknown command");
  }
}

async function onRecipient(session: Session, address: string): Promise<string> {
  const refused = /^rcpt-(\d{3})-(\d\.\d+\.\d+)@/.exec(address);
  if (refused !== null) return `${refused[1]} ${refused[2]} <${address}> as the test wants it`;
  session.rcptTo.push(address);
  return "250 2.1.5 Ok";
}

async function onMessage(session: Session, stuffed: string): Promise<void> {
  session.isMessage = false;
  const { mailFrom, mailParameters, helo, told } = session;
  const message = stuffed.replace(/^\.|(\r\n)\./g, "$1");
  const slow = session.rcptTo.map((one) => Number(/^slow-(\d+)@/.exec(one)?.[1] ?? 0));
  if (Math.max(0, ...slow) > 0) await new Promise((resolve) => setTimeout(resolve, Math.max(...slow)));
  const envelope = { mailFrom, mailParameters, helo, told };
  const refusals = session.rcptTo.map((one) => /^end-(\d{3})-(\d\.\d+\.\d+)@/.exec(one));
  const accepted = session.rcptTo.filter((_, i) => refusals[i] === null);
  const replies = session.rcptTo.map((one, i) => {
    const refusal = refusals[i];
    return refusal ? `${refusal[1]} ${refusal[2]} <${one}> as the test wants it` : `250 2.0.0 Ok: <${one}>`;
  });
  const firstRefusal = replies.find((_, i) => refusals[i] !== null);
  if (protocol === "lmtp" ? accepted.length > 0 : firstRefusal === undefined) {
    keep(JSON.stringify({ ...envelope, rcptTo: accepted, message: Buffer.from(message, "latin1").toString("base64") }));
  }
  session.socket.write(protocol === "lmtp" ? `${replies.join("\r\n")}\r\n` : `${firstRefusal ?? "250 2.0.0 Ok: kept"}\r\n`);
  session.mailFrom = null;
  session.rcptTo = [];
}

function keep(text: string): void {
  count += 1;
  const name = join(folder, `${process.pid}-${count}`);
  writeFileSync(`${name}.part`, text);
  renameSync(`${name}.part`, `${name}.json`);
}
