/**
 * Sends one message with swaks, an SMTP client by another author, and reads the replies of each stage out of its transcript. It says what
 * was answered; it judges nothing.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./child.ts";

export type SwaksMessage = {
  readonly port: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly helo?: string;
  /** Attributes of XCLIENT, such as `ADDR=IPV6:2001:db8::1 NAME=[UNAVAILABLE]`. */
  readonly xclient?: string;
  /** The whole message; lines end with LF or CRLF. */
  readonly message: string;
  /** Further options, such as `--tls`. */
  readonly options?: readonly string[];
};

export type Transcript = {
  /** swaks' own exit status: 0 accepted, 23 MAIL, 24 all RCPT, 25 DATA, 26 the message. */
  readonly status: number;
  /** Replies with their codes, lines of one reply joined with "\n"; null: the stage was not reached. */
  readonly mail: string | null;
  readonly rcpt: readonly string[];
  readonly data: string | null;
  readonly end: string | null;
  readonly output: string;
};

export async function swaks({
  port,
  from,
  to,
  helo = "client.example",
  xclient,
  message,
  options = [],
}: SwaksMessage): Promise<Transcript> {
  const folder = newFolder("swaks");
  const file = join(folder.path, "message");
  // swaks sends a line end of its own behind the message.
  writeFileSync(file, message.replace(/\r?\n/g, "\n").replace(/\n$/, ""), "latin1");
  const places = ["--server", `127.0.0.1:${port}`, "--helo", helo, "--from", from, "--to", to.join(",")];
  const address = xclient === undefined ? [] : ["--xclient", xclient];
  try {
    const { status, output } = await run([...places, ...address, ...options, "--timeout", "60", "--data", `@${file}`]);
    return { status, output, ...repliesOf(output) };
  } finally {
    rmSync(file, { force: true });
    folder.remove();
  }
}

async function run(args: readonly string[]): Promise<{ readonly status: number; readonly output: string }> {
  const child = spawn("/usr/bin/swaks", args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("latin1").on("data", (text: string) => (output += text));
  const [status] = await once(child, "close");
  return { status: Number(status), output };
}

type Replies = Pick<Transcript, "mail" | "rcpt" | "data" | "end">;

/** ` -> ` begins what was sent, `<-  ` and `<** ` what was answered; with TLS, `~` stands for `-`. */
function repliesOf(output: string): Replies {
  const found: { mail: string | null; rcpt: string[]; data: string | null; end: string | null } = {
    mail: null,
    rcpt: [],
    data: null,
    end: null,
  };
  let sent = "";
  let isMessage = false;
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    const command = /^ [-~*]>\s?(.*)$/.exec(line)?.[1];
    const reply = /^<[-~*][-~*]? {1,2}(.*)$/.exec(line)?.[1]?.trim();
    if (command !== undefined) {
      if (!isMessage || command === ".") sent = command;
      if (command === ".") isMessage = false;
    } else if (reply !== undefined) {
      lines.push(reply);
      if (/^\d{3}-/.test(reply)) continue;
      const whole = lines.join("\n");
      lines = [];
      if (/^MAIL FROM/i.test(sent)) found.mail = whole;
      else if (/^RCPT TO/i.test(sent)) found.rcpt.push(whole);
      else if (sent === "DATA") {
        found.data = whole;
        isMessage = whole.startsWith("354");
      } else if (sent === ".") found.end = whole;
    }
  }
  return found;
}
