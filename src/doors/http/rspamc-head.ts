/**
 * The head of an RSPAMC request: a line such as `CHECK RSPAMC/1.3`, header lines, a blank line; all end with CRLF. It is bounded, and what
 * has another form is refused rather than guessed at: a bare CR or LF, which two readers could take for different lines, and a length that
 * is none. What the headers mean is read where /checkv2 reads its own.
 */
import { limits } from "../../base/limits.ts";
import { fault, type HttpFault } from "./fault.ts";

export type RspamcHead = {
  readonly verb: "CHECK" | "SYMBOLS" | "PING";
  /** By name in lower case, as /checkv2 has its own. */
  readonly headers: NodeJS.Dict<string[]>;
  /** Of the message; 0 where no length is given. */
  readonly length: number;
};

export type ReadRspamcHead = { readonly ok: true; readonly head: RspamcHead } | { readonly ok: false; readonly fault: HttpFault };

/** `text`: without the blank line, octets as characters of Latin-1. */
export function rspamcHead(text: string): ReadRspamcHead {
  const [first = "", ...lines] = text.split("\r\n");
  const verb = /^(CHECK|SYMBOLS|PING) RSPAMC\/1\.[0-9]$/.exec(first)?.[1];
  if (verb !== "CHECK" && verb !== "SYMBOLS" && verb !== "PING") {
    return fault("bad-request", "the first line wants CHECK, SYMBOLS or PING, and RSPAMC/1.3");
  }
  const headers: Record<string, string[]> = Object.create(null); // a header may be called __proto__
  for (const line of lines) {
    const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([^\r\n]*)$/.exec(line) ?? [];
    if (name === "") return fault("bad-request", "a header line wants NAME: VALUE, and CRLF alone at its end");
    const key = name.toLowerCase();
    const values = headers[key] ?? [];
    values.push(value.trimEnd());
    headers[key] = values;
  }
  const length = lengthOf(headers, verb);
  return length === null ? lengthWanted : { ok: true, head: { verb, headers, length } };
}

function lengthOf(headers: NodeJS.Dict<string[]>, verb: RspamcHead["verb"]): number | null {
  const given = headers["content-length"];
  if (given === undefined) return verb === "PING" ? 0 : null;
  const [value = "", ...more] = given;
  return more.length === 0 && /^[0-9]{1,15}$/.test(value) ? Number(value) : null;
}
const lengthWanted = fault("bad-request", "Content-Length is wanted, once: the octets of the message behind the blank line");

export type HeadOctets =
  | { readonly ok: true; readonly text: string; readonly rest: Uint8Array }
  /** Null: the client ended before its head did. */
  | { readonly ok: false; readonly fault: HttpFault | null };

/** Reads up to the blank line; `rest` is what had come behind it already. */
export async function headOctets(chunks: AsyncIterator<Uint8Array>): Promise<HeadOctets> {
  let held = Buffer.alloc(4096);
  let used = 0;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const chunk = next.value;
    // Doubled, so that a client that sends octet by octet costs no more than the octets do.
    while (held.length < used + chunk.length) held = Buffer.concat([held], held.length * 2);
    held.set(chunk, used);
    const from = Math.max(0, used - (blank.length - 1));
    used += chunk.length;
    const end = held.subarray(0, used).indexOf(blank, from);
    if (end > limits.httpHeaderBytesMax || (end < 0 && used > limits.httpHeaderBytesMax + blank.length - 1)) return tooLarge;
    if (end >= 0) return { ok: true, text: held.toString("latin1", 0, end), rest: held.subarray(end + blank.length, used) };
  }
  return { ok: false, fault: null };
}
const blank = Buffer.from("\r\n\r\n", "latin1");
const tooLarge = fault("header-too-large", `request line and headers are at most ${limits.httpHeaderBytesMax} bytes`);
