/**
 * IP addresses as mail writes and compares them: strict text forms (RFC 4291 §2.2, RFC 5952), IPv4-mapped addresses as IPv4,
 * networks, reverse names (RFC 1035 §3.5, RFC 3596 §2.5) and the forms of SPF macros (RFC 7208 §7.3).
 * It refuses everything else that libc reads as an address: octal and hexadecimal parts, short forms, zone ids, white space.
 */

/** One word for IPv4, four for IPv6: unsigned 32-bit numbers, the most significant first. */
export type IpAddress = { readonly family: 4 | 6; readonly words: readonly number[] };
export type IpNetwork = { readonly address: IpAddress; readonly bits: number };

/** Reads an address of either family; an IPv4-mapped one (::ffff:0:0/96) is the IPv4 address it carries (RFC 7208 §5). */
export function parseIpAddress(text: string): IpAddress | null {
  if (!text.includes(":")) return parseIpv4(text);
  const address = parseIpv6(text);
  return address === null ? null : unmapped(address);
}

/** Four decimal parts of 0 to 255 without leading zeros. */
export function parseIpv4(text: string): IpAddress | null {
  const word = ipv4Word(text);
  return word === null ? null : { family: 4, words: [word] };
}

/** RFC 4291 §2.2, all three forms; an IPv4-mapped address stays IPv6. */
export function parseIpv6(text: string): IpAddress | null {
  // 45 characters: the longest form, six full groups and an IPv4 tail.
  if (text.length < 2 || text.length > 45) return null;
  const gap = text.indexOf("::");
  if (gap !== -1 && text.includes("::", gap + 1)) return null;
  const head = readGroups(gap === -1 ? text : text.slice(0, gap), gap === -1 ? "end" : "start");
  const tail = gap === -1 ? [] : readGroups(text.slice(gap + 2), "end");
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group of zeros.
  if (gap === -1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push((groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0));
  return { family: 6, words };
}

/** `address` or `address/bits`, without leading zeros; an IPv4-mapped IPv6 network of 96 bits or more is IPv4. */
export function parseIpNetwork(text: string): IpNetwork | null {
  const slash = text.indexOf("/");
  const raw = text.includes(":")
    ? parseIpv6(slash === -1 ? text : text.slice(0, slash))
    : parseIpv4(slash === -1 ? text : text.slice(0, slash));
  if (raw === null) return null;
  const size = raw.family === 4 ? 32 : 128;
  const bits = slash === -1 ? size : parsePrefixLength(text.slice(slash + 1), size);
  if (bits === null) return null;
  const address = bits >= 96 ? unmapped(raw) : raw;
  return { address, bits: address.family === raw.family ? bits : bits - 96 };
}

/** A decimal number of 0 to `max` without leading zeros. */
export function parsePrefixLength(text: string, max: number): number | null {
  if (text.length === 0 || text.length > 3 || (text.length > 1 && text.startsWith("0"))) return null;
  for (let i = 0; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

/** Do the first `bits` bits agree? Addresses of different families never do. */
export function isInNetwork(address: IpAddress, network: IpAddress, bits: number): boolean {
  if (address.family !== network.family) return false;
  const whole = bits >>> 5;
  for (let i = 0; i < whole; i++) if (address.words[i] !== network.words[i]) return false;
  const rest = bits & 31;
  return rest === 0 || ((address.words[whole] ?? 0) ^ (network.words[whole] ?? 0)) >>> (32 - rest) === 0;
}

/** Canonical text: dotted decimal, or RFC 5952 for IPv6. This is the SPF macro %{c}. */
export function formatIpAddress(address: IpAddress): string {
  if (address.family === 4) return dotted(address.words[0] ?? 0);
  const [a = 0, b = 0, c = 0, d = 0] = address.words;
  // RFC 5952 §5: a well-known prefix before an IPv4 address is shown in mixed notation.
  if (a === 0 && b === 0 && c === 0xffff) return `::ffff:${dotted(d)}`;
  const groups = groupsOf(address);
  const zeros = longestZeros(groups);
  if (zeros === null) return groups.map(hex).join(":");
  return `${groups.slice(0, zeros.start).map(hex).join(":")}::${groups.slice(zeros.end).map(hex).join(":")}`;
}

/** The neighbourhood that reputation and spoof pairs are kept by: /24 of IPv4, /48 of IPv6, as CIDR text. */
export function formatPrefix(address: IpAddress): string {
  const [a = 0, b = 0] = address.words;
  if (address.family === 4) return `${dotted((a & 0xffffff00) >>> 0)}/24`;
  return `${formatIpAddress({ family: 6, words: [a, (b & 0xffff0000) >>> 0, 0, 0] })}/48`;
}

/** The SPF macro %{i}: dotted decimal, or 32 dotted nibbles, in upper case as the public suite expects them. RFC 7208 §7.3. */
export function dottedForm(address: IpAddress): string {
  return address.family === 4 ? formatIpAddress(address) : nibbles(address).toUpperCase().split("").join(".");
}

/** The name whose PTR records name this address: below in-addr.arpa or ip6.arpa. */
export function reverseName(address: IpAddress): string {
  if (address.family === 4) return `${formatIpAddress(address).split(".").reverse().join(".")}.in-addr.arpa`;
  return `${nibbles(address).split("").reverse().join(".")}.ip6.arpa`;
}

function unmapped(address: IpAddress): IpAddress {
  const [a, b, c, d = 0] = address.words;
  return address.family === 6 && a === 0 && b === 0 && c === 0xffff ? { family: 4, words: [d] } : address;
}

function ipv4Word(text: string): number | null {
  if (text.length < 7 || text.length > 15) return null;
  let word = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? 46 : text.charCodeAt(i);
    if (code === 46) {
      if (part === -1 || dots === 4) return null;
      word = word * 256 + part;
      part = -1;
      dots += 1;
    } else {
      // A part that is 0 so far takes no further digit: 010 is 8 to some and 10 to others.
      if (!isDigit(code) || part === 0) return null;
      part = (part === -1 ? 0 : part * 10) + code - 48;
      if (part > 255) return null;
    }
  }
  return dots === 4 ? word : null;
}

/** The 16-bit groups of one side of "::"; an IPv4 tail, only at the end of the address, is two of them. */
function readGroups(text: string, side: "start" | "end"): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const word = side === "end" && index === parts.length - 1 ? ipv4Word(part) : null;
      if (word === null) return null;
      groups.push(word >>> 16, word & 0xffff);
    } else {
      if (!/^[0-9A-Fa-f]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups.length > 8 ? null : groups;
}

/** RFC 5952 §4.2: the longest run of at least two zero groups, the first of several. */
function longestZeros(groups: readonly number[]): { start: number; end: number } | null {
  let best: { start: number; end: number } | null = null;
  for (let start = 0; start < groups.length; start++) {
    if (groups[start] !== 0) continue;
    let end = start;
    while (end < groups.length && groups[end] === 0) end += 1;
    if (end - start > 1 && (best === null || end - start > best.end - best.start)) best = { start, end };
    start = end;
  }
  return best;
}

function groupsOf(address: IpAddress): number[] {
  return address.words.flatMap((word) => [word >>> 16, word & 0xffff]);
}

function nibbles(address: IpAddress): string {
  return address.words.map((word) => word.toString(16).padStart(8, "0")).join("");
}

function dotted(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function hex(group: number): string {
  return group.toString(16);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
