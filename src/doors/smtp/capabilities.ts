/**
 * What the proxy offers in EHLO (RFC 5321 §4.1.1.1): of 8BITMIME, SMTPUTF8, DSN and ENHANCEDSTATUSCODES what the next hop offers, so that
 * nothing is taken that it could not take; PIPELINING and SIZE are our own. CHUNKING is never offered: there is one way to end a message.
 */
import { limits } from "../../base/limits.ts";
import { isPlainAscii, type Parameters } from "./command.ts";
import type { Reply } from "./reply.ts";
import { replies } from "./reply.ts";

/** Keyword in upper case, and what stands behind it. */
export type Features = ReadonlyMap<string, string>;

export const noFeatures: Features = new Map();

/** From an answer to EHLO or LHLO; its first line is the server's name. */
export function featuresOf({ lines }: Reply): Features {
  const features = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const [, keyword = "", rest = ""] = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/s.exec(line.trim()) ?? [];
    if (keyword !== "") features.set(keyword.toUpperCase(), rest);
  }
  return features;
}

const passedOn = ["8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"] as const;

/** Lines of the answer to EHLO behind the first. */
export function offered(
  features: Features,
  own: { readonly messageBytesMax: number; readonly extra: readonly string[] },
): readonly string[] {
  const shared = passedOn.filter((keyword) => features.has(keyword));
  return ["PIPELINING", `SIZE ${messageBytesMaxOf(features, own.messageBytesMax)}`, ...shared, ...own.extra];
}

/** RFC 1870 §3: the smaller of both limits; 0 and nothing say none. */
export function messageBytesMaxOf(features: Features, own: number): number {
  const theirs = /^[0-9]{1,15}$/.test(features.get("SIZE") ?? "") ? Number(features.get("SIZE")) : 0;
  return theirs === 0 ? own : Math.min(own, theirs);
}

const mailParameters = { BODY: "8BITMIME", SMTPUTF8: "SMTPUTF8", RET: "DSN", ENVID: "DSN", SIZE: null } as const;
const rcptParameters = { NOTIFY: "DSN", ORCPT: "DSN" } as const;

export type Asked = { readonly parameters: Parameters; readonly path: string };

/** What is wrong with the parameters of MAIL, by what was offered; null: nothing. */
export function refusedMail({ parameters }: Asked, features: Features, messageBytesMax: number): Reply | null {
  const wrong = unknownIn(parameters, mailParameters, features);
  if (wrong !== null) return wrong;
  const [body, size, utf8, ret] = [parameters.get("BODY"), parameters.get("SIZE"), parameters.get("SMTPUTF8"), parameters.get("RET")];
  const envid = parameters.get("ENVID");
  if (body !== undefined && !/^(?:7BIT|8BITMIME)$/i.test(body ?? "")) return replies.badParameter;
  if (utf8 !== undefined && utf8 !== null) return replies.badParameter;
  if (ret !== undefined && !/^(?:FULL|HDRS)$/i.test(ret ?? "")) return replies.badParameter;
  // RFC 3461 §4.4: xtext.
  if (envid === null || (envid !== undefined && !isPlainAscii(envid))) return replies.badParameter;
  if (size === undefined) return null;
  // RFC 1870 §5: one to twenty digits.
  if (!/^[0-9]{1,20}$/.test(size ?? "")) return replies.badParameter;
  return Number(size) > messageBytesMaxOf(features, messageBytesMax) ? replies.tooLarge : null;
}

export function refusedRcpt({ parameters }: Asked, features: Features): Reply | null {
  const wrong = unknownIn(parameters, rcptParameters, features);
  const isBare = [...parameters.values()].some((value) => value === null || value.length > limits.proxyCommandBytesMax);
  return wrong ?? (isBare ? replies.badParameter : null);
}

/** RFC 5321 §4.1.1.11: a parameter that was not offered is 555. */
function unknownIn(parameters: Parameters, known: Readonly<Record<string, string | null>>, features: Features): Reply | null {
  for (const keyword of parameters.keys()) {
    const needs = Object.hasOwn(known, keyword) ? known[keyword] : undefined;
    if (needs === undefined || (needs !== null && !features.has(needs))) return replies.unknownParameter;
  }
  return null;
}

/** Whether a next hop, whose offer may have changed since, takes what was said at MAIL. */
export function isTaken(parameters: Parameters, features: Features): boolean {
  return [...parameters.keys()].every((keyword) => {
    const needs = keyword in mailParameters ? mailParameters[keyword as keyof typeof mailParameters] : null;
    return needs === null || features.has(needs);
  });
}

/** The parameters that the next hop is told: SIZE where it knows it. */
export function toldParameters(parameters: Parameters, features: Features): Parameters {
  return features.has("SIZE") ? parameters : new Map([...parameters].filter(([keyword]) => keyword !== "SIZE"));
}
