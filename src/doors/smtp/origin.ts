/**
 * Whose connection it really is: the attributes of XCLIENT and XFORWARD (Postfix: XCLIENT_README, XFORWARD_README), read from hosts that may
 * say so and written for the next hop. Values are xtext (RFC 3461 §4); `[UNAVAILABLE]` and `[TEMPUNAVAIL]` are null: known not to be known.
 * Of NAME alone both mean different things to a server: no name, or none as yet.
 */
import { formatIpAddress, parseIpAddress } from "../../mail/ip-address.ts";

export const xclientAttributes = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN"] as const;
export const xforwardAttributes = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"] as const;
export type Attribute = (typeof xclientAttributes)[number] | (typeof xforwardAttributes)[number];

export type Origin = ReadonlyMap<Attribute, string | null>;

/** NAME where DNS did not answer. */
export const unanswered = "[TEMPUNAVAIL]";

/** What a next hop is told: what is known at once, and the same with the client's name, which DNS may have to be waited for. */
export type Forwarded = { readonly known: Origin; readonly named: Promise<Origin> };

// A listed host may tell the login with either command.
const readable: ReadonlySet<string> = new Set<Attribute>([...xclientAttributes, ...xforwardAttributes]);

/** Null: an attribute that we do not know, or a value that is none. */
export function readOrigin(text: string): Origin | null {
  const found = new Map<Attribute, string | null>();
  const words = text.split(" ").filter((word) => word !== "");
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = word.slice(0, Math.max(0, equals)).toUpperCase();
    const value = fromXtext(word.slice(equals + 1));
    if (!isAttribute(name) || value === null) return null;
    const read = attributeValue(name, value);
    if (read === undefined) return null;
    found.set(name, read);
  }
  return words.length === 0 ? null : found;
}

function isAttribute(name: string): name is Attribute {
  return readable.has(name);
}

/** Undefined: not a value of that attribute. */
function attributeValue(name: Attribute, value: string): string | null | undefined {
  if (name === "NAME" && value.toUpperCase() === unanswered) return unanswered;
  if (value === "" || /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value)) return null;
  switch (name) {
    case "ADDR":
      return addressOf(value) ?? undefined;
    case "PORT":
      return /^[0-9]{1,5}$/.test(value) ? value : undefined;
    case "PROTO":
      return /^E?SMTP$/i.test(value) ? value.toUpperCase() : undefined;
    case "SOURCE":
      return /^(?:LOCAL|REMOTE)$/i.test(value) ? value.toUpperCase() : undefined;
    case "NAME":
    case "HELO":
    case "IDENT":
    case "LOGIN":
      return value.length <= 255 ? value : undefined;
    default:
      return name satisfies never;
  }
}

function addressOf(value: string): string | null {
  const address = parseIpAddress(value.replace(/^IPV6:/i, ""));
  return address === null ? null : formatIpAddress(address);
}

/** Null: no xtext, or text with a control character (attack: a line end inside a name). */
function fromXtext(text: string): string | null {
  if (/[^!-~\u{80}-\u{10ffff}]/u.test(text) || /\+(?![0-9A-Fa-f]{2})/.test(text)) return null;
  const octets = Buffer.from(text, "utf8").toString("latin1");
  const plain = octets.replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const decoded = Buffer.from(plain, "latin1").toString("utf8");
  return /[\x00-\x1f\x7f]/.test(decoded) ? null : decoded;
}

function toXtext(text: string): string {
  const octets = Buffer.from(text, "utf8").toString("latin1");
  return octets.replace(/[^!-~]|[+=]/g, (char) => `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** Postfix takes no longer line than this. */
const lineBytesMax = 512;

/** The commands that tell the next hop, with the attributes that it said it takes; none where it takes none. It waits for no name in vain. */
export async function forwardCommands(verb: "XCLIENT" | "XFORWARD", told: Forwarded, taken: string): Promise<readonly string[]> {
  const names = new Set(taken.toUpperCase().split(" "));
  return originCommands(verb, names.has("NAME") ? await told.named : told.known, names);
}

export function originCommands(verb: "XCLIENT" | "XFORWARD", origin: Origin, names: ReadonlySet<string>): readonly string[] {
  const words = [...origin].filter(([name]) => names.has(name)).map(([name, value]) => `${name}=${written(name, value)}`);
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 3 <= lineBytesMax) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${verb} ${word}`);
  }
  return lines;
}

function written(name: Attribute, value: string | null): string {
  if (value === null) return "[UNAVAILABLE]";
  return toXtext(name === "ADDR" && value.includes(":") ? `IPV6:${value}` : value);
}
