/**
 * An SMTP reply (RFC 5321 §4.2) as it travels through the proxy: its code and its lines, enhanced code (RFC 2034) included, so that the next
 * hop's words reach the client as they are. Text is latin1, one character an octet. What the proxy says of itself is the table at the end.
 */
import type { SmtpReply } from "../../verdict/verdict.ts";

export type Reply = { readonly code: number; readonly lines: readonly string[] };

/** As the wire carries it. */
export function replyBytes({ code, lines }: Reply): Buffer {
  const last = lines.length - 1;
  return Buffer.from(lines.map((line, i) => `${code}${i === last ? " " : "-"}${line}\r\n`).join(""), "latin1");
}

export function replyOf(code: number, ...lines: readonly string[]): Reply {
  return { code, lines };
}

/** A reply of the verdict. */
export function ownReply({ code, enhanced, text }: SmtpReply): Reply {
  return replyOf(code, `${enhanced} ${asOctets(text)}`);
}

/** A reply of the table below, in the parts that a decision is told in. */
export function spokenReply(reply: Reply): SmtpReply {
  const [line = ""] = reply.lines;
  const enhanced = enhancedCodeOf(reply) ?? "";
  return { code: reply.code, enhanced, text: line.slice(enhanced.length).trimStart() };
}

/** UTF-8, one character an octet: cut to latin1 as it is, a letter such as U+010A would be a line end (attack: a reply inside a reply). */
export function asOctets(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

export function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** RFC 3463 §2: the class, subject and detail that stand in front of the text, where they do. */
export function enhancedCodeOf({ lines }: Reply): string | null {
  return /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/.exec(lines[0] ?? "")?.[1] ?? null;
}

/** RFC 5321 §4.2.2: 421 names the host. */
export function tooManyOfClient(hostname: string): Reply {
  return replyOf(421, `4.7.0 ${hostname} Too many connections from your address`);
}

export const replies = {
  ok: replyOf(250, "2.0.0 OK"),
  bye: replyOf(221, "2.0.0 Bye"),
  goAhead: replyOf(354, "End data with <CR><LF>.<CR><LF>"),
  startTls: replyOf(220, "2.0.0 Ready to start TLS"),
  help: replyOf(214, "2.0.0 See RFC 5321"),
  cannotVerify: replyOf(252, "2.0.0 Cannot VRFY user, but will take a message for it and attempt delivery"),
  tooManyConnections: replyOf(421, "4.3.2 Too many connections, please try again later"),
  tooSoon: replyOf(421, "4.7.0 You talk before the greeting"),
  closing: replyOf(421, "4.3.2 Service closing, please try again later"),
  timeout: replyOf(421, "4.4.2 Timeout, closing connection"),
  tooManyErrors: replyOf(421, "4.7.0 Too many errors"),
  tooManyCommands: replyOf(421, "4.7.0 Too many commands without a message"),
  lineTooLong: replyOf(421, "4.5.2 Command line too long"),
  notUnderstood: replyOf(500, "5.5.2 Command not recognized"),
  // RFC 5321 §2.3.8: CR and LF stand nowhere but in CRLF.
  badLine: replyOf(500, "5.5.2 Command line with a control character, or not ended by CRLF"),
  notImplemented: replyOf(502, "5.5.1 Command not implemented"),
  helloFirst: replyOf(503, "5.5.1 Say EHLO first"),
  mailFirst: replyOf(503, "5.5.1 Need MAIL first"),
  nestedMail: replyOf(503, "5.5.1 Nested MAIL command"),
  // RFC 5321 §3.3: DATA without a valid recipient.
  noRecipients: replyOf(554, "5.5.1 No valid recipients"),
  alreadyTls: replyOf(503, "5.5.1 TLS is active already"),
  inTransaction: replyOf(503, "5.5.1 A mail transaction is in progress"),
  // RFC 2920 §3.1: DATA ends a group of commands; what follows waits for the answer.
  unsynchronized: replyOf(554, "5.5.0 Input sent before the answer it depends on"),
  helloSyntax: replyOf(501, "5.5.4 Syntax: EHLO hostname"),
  mailSyntax: replyOf(501, "5.5.4 Syntax: MAIL FROM:<address> [parameters]"),
  rcptSyntax: replyOf(501, "5.5.4 Syntax: RCPT TO:<address> [parameters]"),
  noArguments: replyOf(501, "5.5.4 The command takes no arguments"),
  attributeSyntax: replyOf(501, "5.5.4 Bad attribute or value"),
  notAuthorized: replyOf(550, "5.7.0 Not authorized"),
  unknownParameter: replyOf(555, "5.5.4 Parameter not recognized or not implemented"),
  badParameter: replyOf(501, "5.5.4 Bad value of a parameter"),
  // RFC 6531 §3.5.
  notAscii: replyOf(553, "5.6.7 Non-ASCII address without SMTPUTF8"),
  tooLarge: replyOf(552, "5.3.4 Message exceeds the size limit"),
  // RFC 5321 §4.5.3.1.10.
  tooManyRecipients: replyOf(452, "4.5.3 Too many recipients"),
  bareLineEnd: replyOf(550, "5.6.11 Message contains a CR, LF or NUL that SMTP does not allow"),
  noStorage: replyOf(452, "4.3.1 Insufficient system storage, please try again later"),
  // RFC 3463 §3.5: no answer from host.
  nextHopDown: replyOf(451, "4.4.1 The next mail server does not answer, please try again later"),
  nextHopLost: replyOf(451, "4.4.2 The connection to the next mail server was lost, please try again later"),
  nextHopChanged: replyOf(451, "4.3.5 What the next mail server takes has changed, please try again later"),
  fault: replyOf(451, "4.3.0 Local error in processing, please try again later"),
} as const satisfies Readonly<Record<string, Reply>>;
