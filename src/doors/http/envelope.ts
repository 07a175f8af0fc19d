/**
 * The envelope as a request gives it, in JSON or as query parameters, made into one value or into an error that says what was wanted. It
 * refuses control characters, lengths and forms that no SMTP dialogue has; what an odd address means is the engine's to say.
 */
import { z } from "@hono/zod-openapi";
import { limits } from "../../base/limits.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import type { Tls } from "../../mail/transaction.ts";
import { fault, type HttpFault } from "./fault.ts";

export type AskedEnvelope = {
  readonly ip: string | null;
  readonly helo: string | null;
  /** Null: not told. "" is the null path. */
  readonly mailFrom: string | null;
  readonly rcptTo: readonly string[];
  readonly tls: Tls | null;
  readonly authenticatedAs: string | null;
  readonly queueId: string | null;
};

const longest = limits.httpTextCharactersMax;
const line = z
  .string()
  .regex(/^[^\x00-\x1f\x7f]*$/, "wants text without control characters")
  .max(longest, `wants at most ${longest} characters`);
const optional = line.nullable().default(null);
const tls = z.strictObject({
  version: optional.describe("TLSv1.3"),
  cipher: optional.describe("TLS_AES_256_GCM_SHA384"),
  subject: optional.describe("of the client's certificate"),
});

/** In JSON. Everything may be left out, and is then not known. */
export const envelopeSchema = z.strictObject({
  ip: line
    .refine((text) => parseIpAddress(text) !== null, "wants an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1")
    .nullable()
    .default(null)
    .describe("the client's address"),
  helo: optional.describe("name given with HELO or EHLO"),
  mailFrom: optional.describe('the reverse path; "" is the null path'),
  rcptTo: z
    .array(line.min(1, "wants an address"))
    .max(limits.httpRecipientsMax, `wants at most ${limits.httpRecipientsMax} recipients`)
    .default([])
    .describe("recipients"),
  tls: tls.nullable().default(null),
  authenticatedAs: optional.describe("login of the sender: then the mail is our own user's, and outbound"),
  queueId: optional.describe("of the mail server, for the log"),
});

/** The same as query parameters of a request whose body is the message. */
export const envelopeQuery = z.strictObject({
  ip: z.string().optional().describe("the client's address"),
  helo: z.string().optional().describe("name given with HELO or EHLO"),
  mail_from: z.string().optional().describe("the reverse path; empty is the null path"),
  rcpt_to: z.array(z.string()).optional().describe("a recipient; to be repeated"),
  tls: z.string().optional().describe("VERSION or VERSION:CIPHER, such as TLSv1.3:TLS_AES_256_GCM_SHA384"),
  authenticated_as: z.string().optional().describe("login of the sender"),
  queue_id: z.string().optional().describe("of the mail server, for the log"),
});

export type ReadEnvelope = { readonly ok: true; readonly envelope: AskedEnvelope } | { readonly ok: false; readonly fault: HttpFault };

export function envelopeOfJson(value: unknown): ReadEnvelope {
  return checked(value, (path) => ["envelope", ...path].join("."));
}

export function envelopeOfQuery(query: URLSearchParams): ReadEnvelope {
  const unknown = [...query.keys()].find((name) => !parameters.includes(name));
  if (unknown !== undefined) {
    return fault(
      "bad-envelope",
      `${JSON.stringify(unknown.slice(0, 64))} is no parameter of the envelope; there are ${parameters.join(", ")}`,
    );
  }
  const twice = parameters.find((name) => name !== "rcpt_to" && query.getAll(name).length > 1);
  if (twice !== undefined) return fault("bad-envelope", `${twice} is given twice; only rcpt_to may be`);
  const tlsText = query.get("tls");
  if (tlsText !== null && !looksLikeTls(tlsText)) {
    return fault("bad-envelope", `tls wants VERSION or VERSION:CIPHER, such as TLSv1.3 or TLSv1.3:TLS_AES_256_GCM_SHA384${got(tlsText)}`);
  }
  const [version = null, cipher = null] = tlsText?.split(":") ?? [];
  const given = {
    ip: query.get("ip"),
    helo: query.get("helo"),
    mailFrom: query.get("mail_from"),
    rcptTo: query.getAll("rcpt_to"),
    tls: tlsText === null ? null : { version, cipher, subject: null },
    authenticatedAs: query.get("authenticated_as"),
    queueId: query.get("queue_id"),
  };
  return checked(
    given,
    ([key = "", index]) => `${parameterOf[String(key)] ?? String(key)}${index === undefined ? "" : ` (number ${Number(index) + 1})`}`,
  );
}

/** Any values in the form of the schema; `name` says what a place in them is called where they come from. */
export function checked(value: unknown, name: (path: readonly PropertyKey[]) => string): ReadEnvelope {
  const read = envelopeSchema.safeParse(value);
  if (read.success) return { ok: true, envelope: { ...read.data, mailFrom: bare(read.data.mailFrom), rcptTo: read.data.rcptTo.map(bare) } };
  const told = read.error.issues.slice(0, issuesMax).map(({ path, message }) => `${name(path)}: ${message}${got(valueAt(value, path))}`);
  return fault("bad-envelope", told.join("; "));
}

export function looksLikeTls(text: string): boolean {
  return /^(?:TLS|SSL)v?[0-9](?:[._][0-9])?(?::[\w-]{1,64})?$/i.test(text);
}

const issuesMax = 8;
const parameters = Object.keys(envelopeQuery.shape);
const parameterOf: Readonly<Record<string, string>> = {
  mailFrom: "mail_from",
  rcptTo: "rcpt_to",
  authenticatedAs: "authenticated_as",
  queueId: "queue_id",
};

/** A path without the brackets around it. */
function bare<T extends string | null>(path: T): T | string {
  const trimmed = path?.trim() ?? "";
  return trimmed.startsWith("<") && trimmed.endsWith(">") && trimmed.length > 1 ? trimmed.slice(1, -1) : path;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined),
    value,
  );
}

function got(value: unknown): string {
  return typeof value === "string" ? `, got ${JSON.stringify(value.slice(0, 64))}` : "";
}
