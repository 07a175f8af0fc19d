/**
 * The Message-ID that a bounce returns: a multipart/report (RFC 6522 §3, RFC 3461 §6) sent with the null reverse path carries the
 * returned message or its header as a part. Reads along with the body in bounded memory: the first limits.returnedPartBytesMax of at
 * most limits.reportPartsMax parts. Nothing depends on where blocks end. It refuses to decode, and to look into nested parts.
 */
import { limits } from "../base/limits.ts";
import type { BodySink } from "./body.ts";
import { fieldsNamed, type Header, unfoldedValue } from "./header.ts";
import { openMessage } from "./message.ts";
import { messageIdOf } from "./message-ids.ts";
import { type ContentType, parseContentType } from "./mime-entity.ts";

export interface ReportReader extends BodySink {
  /** Once the body has been read to its end: without brackets; null where nothing readable is returned. */
  readonly returned: string | null;
}

/** A reader for the body of a bounce; null where the message is none. */
export function reportReader(header: Header, mailFrom: string | null): ReportReader | null {
  // RFC 3461 §6.1: a notification is sent with the null reverse path.
  if (mailFrom !== "") return null;
  const type = contentTypeOf(header);
  const boundary = type?.type === "multipart/report" ? type.parameters.get("boundary") : undefined;
  // RFC 2046 §5.1.1: 1 to 70 characters.
  if (boundary === undefined || boundary.length === 0 || boundary.length > 70) return null;
  return new Reader(boundary, header.lineEnd === "lf" ? "\n" : "\r\n");
}

class Reader implements ReportReader {
  returned: string | null = null;
  private readonly delimiter: Buffer;
  private held: Buffer;
  /** Between parts the next delimiter is sought; in a part its beginning is gathered. */
  private state: "seek" | "part" | "done" = "seek";
  private parts = 0;

  constructor(boundary: string, lineEnd: string) {
    // RFC 2046 §5.1.1: the line end before the delimiter belongs to it; the body may begin with one.
    this.delimiter = Buffer.from(`${lineEnd}--${boundary}`, "latin1");
    this.held = Buffer.from(lineEnd, "latin1");
  }

  update(block: Uint8Array): void {
    if (this.state === "done") return;
    this.held = Buffer.concat([this.held, block]);
    while (this.step("open"));
  }

  end(): void {
    while (this.step("ended"));
    this.held = nothing;
  }

  /** Goes on by one delimiter or part; false while what is held does not tell. */
  private step(body: "open" | "ended"): boolean {
    if (this.state === "done") return false;
    const at = this.held.indexOf(this.delimiter);
    if (this.state === "part") return this.takePart(at, body);
    if (at === -1) {
      this.held = Buffer.from(this.held.subarray(-this.delimiter.length));
      return false;
    }
    this.held = this.held.subarray(at + this.delimiter.length);
    this.state = "part";
    return true;
  }

  private takePart(next: number, body: "open" | "ended"): boolean {
    const most = limits.returnedPartBytesMax;
    if (next === -1 && this.held.length < most + this.delimiter.length && body === "open") return false;
    const part = this.held.subarray(0, next === -1 ? most : Math.min(next, most));
    this.parts += 1;
    const read = readPart(part);
    if (read.kind === "returned") this.returned = read.messageId;
    const finished = read.kind !== "other" || this.parts === limits.reportPartsMax;
    this.state = finished ? "done" : "seek";
    if (finished) this.held = nothing;
    return !finished;
  }
}

const nothing: Buffer = Buffer.alloc(0);

type Part = { readonly kind: "returned"; readonly messageId: string | null } | { readonly kind: "last" | "other" };

/** What follows a delimiter: the rest of its line, the part's header, and what that announces. */
function readPart(bytes: Buffer): Part {
  if (bytes.subarray(0, 2).toString("latin1") === "--") return { kind: "last" };
  const line = bytes.indexOf("\n");
  // RFC 2046 §5.1.1: white space may follow a delimiter; anything else makes it another, longer boundary.
  if (line === -1 || bytes.subarray(0, line).toString("latin1").trim() !== "") return { kind: "other" };
  const rest = bytes.subarray(line + 1);
  // RFC 2046 §5.1: a part without header begins with the empty line, which openMessage takes.
  const part = openMessage(rest);
  const type = contentTypeOf(part.header);
  if (type === null || !returningTypes.has(type.type) || isEncoded(part.header)) return { kind: "other" };
  if (!(part.body instanceof Uint8Array)) return { kind: "other" };
  return { kind: "returned", messageId: messageIdOf(openMessage(part.body).header) };
}

// RFC 6522 §3 item 3, RFC 3462 §2; RFC 6533 §3 for internationalized mail.
const returningTypes: ReadonlySet<string> = new Set(["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]);

/** RFC 2045 §6.4: a message is not to be encoded; a header that is says nothing to us. */
function isEncoded(header: Header): boolean {
  return fieldsNamed(header, "content-transfer-encoding").some(
    (field) => !/^(?:7bit|8bit|binary)$/i.test(unfoldedValue(header, field).trim()),
  );
}

function contentTypeOf(header: Header): ContentType | null {
  const [field, another] = fieldsNamed(header, "content-type");
  return field === undefined || another !== undefined ? null : parseContentType(unfoldedValue(header, field));
}
