/**
 * What was decided, as lines of RSPAMC/1.3: those that rspamd wrote (Metric, Action, Symbol, Message, Message-ID), and what rspamd
 * had no words for: Reply, the reply with its codes, and the header edits, Remove-Headers and Add-Header, which stand last. Nothing of a
 * mail can begin a line here: Exim gives these lines to its rules as $spam_report. The answer is bounded by what Exim has room for: symbols
 * are left out; where the rest does not fit, there is no verdict, as half of the edits would leave forged fields in.
 */
import { limits } from "../../base/limits.ts";
import type { Disposition } from "../../gateway/dialogue/journey.ts";
import type { SmtpReply } from "../../verdict/verdict.ts";
import type { CheckAnswer } from "./check-answer.ts";
import type { CheckSymbol } from "./check-symbols.ts";
import { faultStatus, type HttpFault } from "./fault.ts";

export function rspamcAnswer(answer: CheckAnswer, disposition: Exclude<Disposition, { readonly kind: "gone" }>): string {
  const { action, score, required_score: required, messages, milter } = answer;
  const verdict = score >= required ? "True" : "False";
  const before = [`Metric: default; ${verdict}; ${score.toFixed(2)} / ${required.toFixed(2)} / 0.0`, `Action: ${action}`].map(line);
  const after = [
    ...(messages.smtp_message === undefined ? [] : [line(`Message: ${messages.smtp_message}`)]),
    ...(disposition.kind === "refuse" ? [line(`Reply: ${replyText(disposition.reply)}`)] : []),
    line(`Message-ID: ${answer["message-id"]}`),
    ...removeHeaders(Object.keys(milter?.remove_headers ?? {})),
    ...(disposition.kind === "accept" ? disposition.headers.toReversed().map(addHeader) : []),
  ];
  const symbols = Object.values(answer.symbols).map((symbol) => line(symbolText(symbol)));
  let left = limits.rspamcAnswerBytesMax - bytesOf([opening, ...before, ...after, "\r\n"]);
  if (left < 0) return rspamcFault({ code: "fault", message: "the fields to remove and to add do not fit into an answer" });
  const kept: string[] = [];
  for (const symbol of symbols) {
    left -= Buffer.byteLength(symbol);
    if (left < 0) break;
    kept.push(symbol);
  }
  return [opening, ...before, ...kept, ...after, "\r\n"].join("");
}

export const rspamcPong = "RSPAMD/1.3 0 PONG\r\n\r\n";

/** Anything but `0 EX_OK` is no verdict: Exim then answers its client with a temporary failure. */
export function rspamcFault({ code, message }: HttpFault): string {
  return `RSPAMD/1.3 ${faultStatus[code]} EX_ERROR\r\n${line(`Error: ${code}: ${message}`)}\r\n`;
}

const opening = "RSPAMD/1.3 0 EX_OK\r\n";

function symbolText({ name, score, options }: CheckSymbol): string {
  return `Symbol: ${name}(${score.toFixed(2)})${options.length === 0 ? "" : `; ${options.join(",")}`}`;
}

function replyText({ code, enhanced, text }: SmtpReply): string {
  return `${code} ${enhanced} ${text}`;
}

/** As Exim's remove_header has them: all fields of each name. */
function removeHeaders(names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`Remove-Headers: ${printable(names.join(":"))}\r\n`];
}

/** To be put on top one after the other, as in /checkv2. Folded as the field is: Exim sends no lines of more than 998 octets. */
function addHeader(field: string): string {
  return `Add-Header: ${field.split("\r\n").map(printable).join("\r\n")}\r\n`;
}

function line(text: string): string {
  return `${printable(text.slice(0, limits.rspamcLineCharactersMax))}\r\n`;
}

function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, " ");
}

function bytesOf(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}
