/**
 * Who may ask. A token opens everything; its digest is compared in constant time (RFC 6750 §2.1 for its form). Without one only a client on
 * this very machine is answered: health, metrics and the schema always, the rest where no token is configured. A web page that the
 * administrator happens to read runs on this machine too: so the Host must be ours (DNS rebinding), a foreign Origin is refused, and a
 * request that a proxy has passed on is not taken for one from here. It knows no accounts and no sessions.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { limits } from "../../base/limits.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import { fault, type HttpFault } from "./fault.ts";

/** What a request says of who sends it. */
export type Asker = {
  /** Undefined: a local socket. */
  readonly address: string | undefined;
  /** Of a header, undefined where it is not there. */
  readonly header: (name: string) => string | undefined;
};

export type AccessRules = {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly tokens: readonly string[];
  /** The host that the door listens at, as configured: a Host header may name it. */
  readonly host: string;
};

/** `open`: health, metrics, schema. `api`: all that inspects or tells of mail. */
export type Area = "open" | "api";

/** Null: answered. */
export function refusal(asker: Asker, area: Area, rules: AccessRules): HttpFault | null {
  const token = tokenOf(asker);
  if (token !== null) return isKnown(token, rules.tokens) ? null : tokenWrong;
  if (!isFromHere(asker)) return rules.tokens.length === 0 ? notLoopback : tokenMissing;
  if (!isOurHost(asker.header("host"), rules.host)) return hostForeign;
  if (!isOurOrigin(asker)) return originForeign;
  return area === "api" && rules.tokens.length > 0 ? tokenMissing : null;
}

/** Is this a host that only this machine can connect to? */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const address = parseIpAddress(host);
  if (address === null) return false;
  const [first = 0] = address.words;
  return address.family === 4 ? first >>> 24 === 127 : address.words.every((word, at) => word === (at === 3 ? 1 : 0));
}

/** RFC 6750 §2.1; rspamd's clients send theirs as `Password`. */
function tokenOf({ header }: Asker): string | null {
  const authorization = header("authorization");
  const bearer = authorization === undefined ? undefined : /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1];
  // Another scheme is a token that nobody gave out, and not a client without one.
  return bearer ?? authorization ?? header("password") ?? null;
}

/** Each digest is compared whole, and all of them: the time tells nothing of how near a guess was. */
function isKnown(token: string, tokens: readonly string[]): boolean {
  const given = createHash("sha256").update(token, "utf8").digest();
  let found = 0;
  for (const digest of tokens.slice(0, limits.httpTokensMax)) {
    const known = Buffer.from(digest.slice("sha256:".length), "hex");
    if (known.length === given.length && timingSafeEqual(known, given)) found += 1;
  }
  return found > 0;
}

function isFromHere({ address, header }: Asker): boolean {
  if (passedOn.some((name) => header(name) !== undefined)) return false;
  return address === undefined || isLoopbackHost(address);
}
/** What proxies add: the client is then whoever is behind them. */
const passedOn = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] as const;

/** Without a Host it is no browser: HTTP/1.1 must send one (RFC 9112 §3.2), and the server refuses it otherwise. */
function isOurHost(value: string | undefined, bound: string): boolean {
  if (value === undefined) return true;
  const [, bracketed, plain = ""] = /^(?:\[([0-9A-Fa-f:.]{2,64})\]|([^[\]:]{1,253}))(?::[0-9]{1,5})?$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  return host !== "" && (isLoopbackHost(host) || host.toLowerCase() === bound.toLowerCase());
}

function isOurOrigin({ header }: Asker): boolean {
  const site = header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const origin = header("origin");
  return origin === undefined || origin.toLowerCase() === `http://${header("host") ?? ""}`.toLowerCase();
}

const howToMakeOne =
  "make one with: openssl rand -hex 32, and put its digest (printf %s TOKEN | sha256sum) into http.tokens of the configuration, as sha256:DIGEST";

/** What is said when a door would listen to others and nobody could be told apart. */
export const tokensWanted = `without tokens the HTTP API answers on loopback alone, and it would listen at another address; ${howToMakeOne}`;

const tokenWrong = fault(
  "token-wrong",
  "this token is not known; http.tokens of the configuration has the digests of those that are",
).fault;
const tokenMissing = fault("token-missing", `a token is wanted: send Authorization: Bearer TOKEN; ${howToMakeOne}`).fault;
const notLoopback = fault("not-loopback", `without tokens only clients on this machine are answered; ${howToMakeOne}`).fault;
const hostForeign = fault(
  "host-foreign",
  "the Host of this request is not this machine's: ask for 127.0.0.1 or localhost, or send a token",
).fault;
const originForeign = fault("origin-foreign", "a web page of another origin has sent this: it may not, without a token").fault;
