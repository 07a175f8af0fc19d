/** The places at which a client can be cut off while it hands over one message, and the client that is. */
import assert from "node:assert/strict";
import { SmtpClient } from "./smtp-client.ts";
import { letter } from "./zone.ts";

const header = letter({ id: "cut" }).split("\r\n\r\n")[0] ?? "";
/** Its name, the commands that are answered, and what is sent after them. */
export type Cut = readonly [name: string, commands: readonly string[], rest: string];

export const cuts: readonly Cut[] = [
  ["after the greeting", [], ""],
  ["after EHLO", ["EHLO cut.example"], ""],
  ["in the middle of a command", ["EHLO cut.example"], "MAIL FR"],
  ["after MAIL", ["EHLO cut.example", "MAIL FROM:<ada@good.example>"], ""],
  ["after RCPT", ["EHLO cut.example", "MAIL FROM:<ada@good.example>", "RCPT TO:<bob@inbound.test>"], ""],
  ["after DATA", ["EHLO cut.example", "MAIL FROM:<ada@good.example>", "RCPT TO:<bob@inbound.test>", "DATA"], ""],
  ["in the header", ["EHLO cut.example", "MAIL FROM:<ada@good.example>", "RCPT TO:<bob@inbound.test>", "DATA"], header],
  [
    "in the body",
    ["EHLO cut.example", "MAIL FROM:<ada@good.example>", "RCPT TO:<bob@inbound.test>", "DATA"],
    `${header}\r\n\r\n${"some of the body\r\n".repeat(20_000)}`,
  ],
  [
    "before the end of the final dot",
    ["EHLO cut.example", "MAIL FROM:<ada@good.example>", "RCPT TO:<bob@inbound.test>", "DATA"],
    `${header}\r\n\r\nbody\r\n.`,
  ],
];

/** Nothing of what was sent is taken back: the connection is reset. */
export async function cutOff(port: number, [name, commands, rest]: Cut): Promise<void> {
  const client = await SmtpClient.open(port);
  for (const command of commands) assert.match(String((await client.send(command)).code), /^[23]/, name);
  if (rest !== "") await client.write(Buffer.from(rest, "latin1"));
  client.cut();
}
