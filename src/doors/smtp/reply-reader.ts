/**
 * Replies of the next hop from its bytes: RFC 5321 §4.2, several lines included, wherever chunks end. What is no reply, or exceeds the limits,
 * breaks the reading for good: nothing is guessed. Control characters inside a line become spaces, so that a reply passed on stays one.
 */
import { limits } from "../../base/limits.ts";
import type { Reply } from "./reply.ts";

export class ReplyReader {
  #rest = "";
  #code: number | null = null;
  #lines: string[] = [];
  #isBroken = false;

  /** The replies that these bytes complete; null: what came is no reply. */
  feed(chunk: Uint8Array): readonly Reply[] | null {
    this.#rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const found: Reply[] = [];
    for (let end = this.#rest.indexOf("\n"); end !== -1 && !this.#isBroken; end = this.#rest.indexOf("\n")) {
      const line = this.#rest.slice(0, this.#rest.charAt(end - 1) === "\r" ? end - 1 : end);
      this.#rest = this.#rest.slice(end + 1);
      const reply = this.#line(line);
      if (reply !== null) found.push(reply);
    }
    this.#isBroken ||= this.#rest.length > limits.nextHopReplyLineBytesMax;
    return this.#isBroken ? null : found;
  }

  /** Whether bytes wait for the end of their line, or lines for the last one. */
  get isInside(): boolean {
    return this.#rest !== "" || this.#lines.length > 0;
  }

  #line(line: string): Reply | null {
    const match = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s.exec(line);
    const code = Number(match?.[1]);
    const [, , joint = " ", text = ""] = match ?? [];
    const isOther = this.#code !== null && this.#code !== code;
    if (match === null || isOther || line.length > limits.nextHopReplyLineBytesMax || this.#lines.length === limits.nextHopReplyLinesMax) {
      this.#isBroken = true;
      return null;
    }
    this.#code = code;
    this.#lines.push(text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, " "));
    if (joint === "-") return null;
    const reply: Reply = { code, lines: this.#lines };
    this.#code = null;
    this.#lines = [];
    return reply;
  }
}
