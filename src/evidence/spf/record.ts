/**
 * An SPF record: bytes → terms (RFC 7208 §4.5, §4.6.1, §5, §6), or the first syntax error with its place. Total: it never throws
 * and reads each byte a bounded number of times. A record with an error anywhere is an error as a whole (§4.6).
 */
import { type IpAddress, parseIpv4, parseIpv6, parsePrefixLength } from "../../mail/ip-address.ts";
import { type MacroFault, type MacroString, parseMacroString } from "./macro.ts";
import { targetName } from "./target-name.ts";

export type Qualifier = "pass" | "fail" | "softfail" | "neutral";

/** A domain-spec; `target` is the name where it holds no macro, and null where that is a name DNS cannot carry. */
export type DomainSpec = MacroString & { readonly target: string | null };

export type Mechanism = All | Named<"include"> | Named<"exists"> | Hosts<"a"> | Hosts<"mx"> | Pointer | Network<"ip4"> | Network<"ip6">;
type All = { readonly kind: "all" };
type Named<K> = { readonly kind: K; readonly domain: DomainSpec };
type Hosts<K> = { readonly kind: K; readonly domain: DomainSpec | null; readonly bits4: number; readonly bits6: number };
type Pointer = { readonly kind: "ptr"; readonly domain: DomainSpec | null };
type Network<K> = { readonly kind: K; readonly network: IpAddress; readonly bits: number };

/** `text` is the term as published. */
export type Directive = Mechanism & { readonly qualifier: Qualifier; readonly text: string };
export type Redirect = { readonly domain: DomainSpec; readonly text: string };

export type SpfRecord = {
  readonly directives: readonly Directive[];
  readonly redirect: Redirect | null;
  readonly exp: DomainSpec | null;
};

/** `position` counts characters from the start of the record; `term` is the term at fault, in printable ASCII. */
export type RecordFault = { readonly fault: string; readonly position: number; readonly term: string };

/** RFC 7208 §4.5: the version is exactly "v=spf1", in any case, then a space or the end. */
export function isSpfRecord(bytes: Uint8Array): boolean {
  if (bytes.length < version.length || (bytes.length > version.length && bytes[version.length] !== 0x20)) return false;
  for (let i = 0; i < version.length; i++) {
    const byte = bytes[i] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
    if (lower !== version.charCodeAt(i)) return false;
  }
  return true;
}

/** Reads a record that `isSpfRecord`; `text` is its bytes as Latin-1. */
export function parseRecord(text: string): SpfRecord | RecordFault {
  const directives: Directive[] = [];
  let redirect: Redirect | null = null;
  let exp: DomainSpec | null = null;
  let start = version.length;
  while (start < text.length) {
    // RFC 7208 §4.6.1: terms are separated by spaces, and by nothing else.
    const space = text.indexOf(" ", start);
    const end = space === -1 ? text.length : space;
    const term = text.slice(start, end);
    if (term !== "") {
      const read = parseTerm(term);
      if ("fault" in read) return { fault: read.fault, position: start + read.position, term: printable(term) };
      if ("kind" in read) directives.push(read);
      // RFC 7208 §6: redirect and exp stand at most once each.
      else if (read.modifier !== null && (read.modifier === "redirect" ? redirect : exp) !== null)
        return { fault: `${read.modifier}= twice`, position: start, term };
      else if (read.modifier === "redirect") redirect = { domain: read.domain, text: term };
      else if (read.modifier === "exp") exp = read.domain;
    }
    start = end + 1;
  }
  return { directives, redirect, exp };
}

const version = "v=spf1";
const qualifiers: Readonly<Record<string, Qualifier>> = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" };

type Modifier = { readonly modifier: "redirect" | "exp"; readonly domain: DomainSpec } | { readonly modifier: null };

function parseTerm(term: string): Directive | Modifier | MacroFault {
  const mark = term.search(/[=:/]/);
  if (mark !== -1 && term.charAt(mark) === "=") return parseModifier(term.slice(0, mark), term.slice(mark + 1));
  const qualifier = qualifiers[term.charAt(0)];
  const from = qualifier === undefined ? 0 : 1;
  const name = term.slice(from, mark === -1 ? term.length : mark).toLowerCase();
  const mechanism = parseMechanism(name, mark === -1 ? "" : term.slice(mark));
  if ("fault" in mechanism) return { fault: mechanism.fault, position: (mark === -1 ? from : mark) + mechanism.position };
  return { ...mechanism, qualifier: qualifier ?? "pass", text: term };
}

/** RFC 7208 §6: unknown modifiers are ignored, but their syntax is checked. */
function parseModifier(name: string, value: string): Modifier | MacroFault {
  if (!/^[A-Za-z][A-Za-z0-9._-]*$/.test(name)) return { fault: "not a modifier name", position: 0 };
  const lower = name.toLowerCase();
  if (lower === "redirect" || lower === "exp") {
    const domain = parseDomainSpec(value);
    return "fault" in domain ? { fault: domain.fault, position: name.length + 1 + domain.position } : { modifier: lower, domain };
  }
  const ignored = parseMacroString(value, "macro-string");
  return "fault" in ignored ? { fault: ignored.fault, position: name.length + 1 + ignored.position } : { modifier: null };
}

/** `rest` is what follows the name, from its ":" or "/" on. Positions of faults count from there. */
function parseMechanism(name: string, rest: string): Mechanism | MacroFault {
  switch (name) {
    case "all":
      return rest === "" ? { kind: "all" } : { fault: '"all" takes no argument', position: 0 };
    case "include":
    case "exists": {
      const domain = rest.startsWith(":") ? parseDomainSpec(rest.slice(1), 1) : domainWanted;
      return "fault" in domain ? domain : { kind: name, domain };
    }
    case "ptr": {
      if (rest === "") return { kind: name, domain: null };
      const domain = rest.startsWith(":") ? parseDomainSpec(rest.slice(1), 1) : domainWanted;
      return "fault" in domain ? domain : { kind: name, domain };
    }
    case "a":
    case "mx":
      return parseHosts(name, rest);
    case "ip4":
    case "ip6":
      return parseNetwork(name, rest);
    default:
      return { fault: "an unknown mechanism", position: 0 };
  }
}

const domainWanted: MacroFault = { fault: "a domain is wanted", position: 0 };

/** RFC 7208 §5.3, §5.4: [ ":" domain-spec ] [ dual-cidr-length ]. */
function parseHosts(kind: "a" | "mx", rest: string): Mechanism | MacroFault {
  const cidr = cidrStart(rest);
  const lengths = parseDualCidr(rest.slice(cidr));
  if (lengths === null) return { fault: "not a CIDR length", position: cidr };
  if (cidr === 0) return { kind, domain: null, ...lengths };
  const domain = parseDomainSpec(rest.slice(1, cidr), 1);
  return "fault" in domain ? domain : { kind, domain, ...lengths };
}

/** A domain-spec ends in a label without "/" or in a macro, so that a CIDR length is the last run of digits and slashes, from its first slash. */
function cidrStart(rest: string): number {
  let at = rest.length;
  while (at > 0 && /[0-9/]/.test(rest.charAt(at - 1))) at -= 1;
  const slash = rest.indexOf("/", at);
  return slash === -1 ? rest.length : slash;
}

/** RFC 7208 §5.6: dual-cidr-length = [ "/" 0-32 ] [ "//" 0-128 ]. */
function parseDualCidr(text: string): { bits4: number; bits6: number } | null {
  const double = text.indexOf("//");
  const four = double === -1 ? text : text.slice(0, double);
  const bits4 = four === "" ? 32 : parsePrefixLength(four.slice(1), 32);
  const bits6 = double === -1 ? 128 : parsePrefixLength(text.slice(double + 2), 128);
  return bits4 === null || bits6 === null ? null : { bits4, bits6 };
}

/** RFC 7208 §5.6. */
function parseNetwork(kind: "ip4" | "ip6", rest: string): Mechanism | MacroFault {
  if (!rest.startsWith(":")) return { fault: "a network is wanted", position: 0 };
  const slash = rest.indexOf("/");
  const network = (kind === "ip4" ? parseIpv4 : parseIpv6)(rest.slice(1, slash === -1 ? rest.length : slash));
  if (network === null) return { fault: kind === "ip4" ? "not an IPv4 network" : "not an IPv6 network", position: 1 };
  const size = kind === "ip4" ? 32 : 128;
  const bits = slash === -1 ? size : parsePrefixLength(rest.slice(slash + 1), size);
  return bits === null ? { fault: "not a CIDR length", position: slash } : { kind, network, bits };
}

/** RFC 7208 §7.1: domain-spec = macro-string domain-end. `offset` is added to the position of a fault. */
function parseDomainSpec(text: string, offset = 0): DomainSpec | MacroFault {
  const string = parseMacroString(text, "domain-spec");
  if ("fault" in string) return { fault: string.fault, position: offset + string.position };
  if (text === "" || (string.tail !== "" && !endsInTopLabel(string.tail))) return { fault: "not a domain name", position: offset };
  return { ...string, target: string.fixed === null ? null : targetName(string.fixed) };
}

/** RFC 7208 §7.1: domain-end = ( "." toplabel [ "." ] ) / macro-expand; a toplabel is letters, digits and inner hyphens, not all digits. */
function endsInTopLabel(tail: string): boolean {
  const bare = tail.endsWith(".") ? tail.slice(0, -1) : tail;
  const dot = bare.lastIndexOf(".");
  const label = bare.slice(dot + 1);
  return dot !== -1 && /^[A-Za-z0-9-]+$/.test(label) && !label.startsWith("-") && !label.endsWith("-") && !/^[0-9]+$/.test(label);
}

/** For people: what is not printable ASCII is escaped, and a long term is cut. */
function printable(term: string): string {
  const cut = term.length > 100 ? `${term.slice(0, 100)}...` : term;
  return cut.replace(/[^\x21-\x7e]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
