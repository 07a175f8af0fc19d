/**
 * Domain names as mail compares them: A-labels, lower case, no final dot (RFC 5890, RFC 8616).
 * U-labels are converted by UTS #46 (non-transitional, via tr46). It refuses names that DNS cannot carry.
 */
import { toASCII } from "tr46";
import { limits } from "../base/limits.ts";

const plain = /^[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/;

/**
 * The A-label form of a domain, or null where it has none: empty or over-long labels, characters outside letters, digits, hyphen
 * and underscore, invalid or non-round-tripping punycode. A final dot is removed. IP literals are not domains.
 */
export function domainToAscii(domain: string): string | null {
  const bare = domain.endsWith(".") ? domain.slice(0, -1) : domain;
  const lower = bare.toLowerCase();
  if (lower.length > limits.domainBytesMax * 4) return null;
  const ascii = plain.test(lower) && !lower.includes("xn--") ? lower : convert(bare);
  if (ascii === null || ascii.length > limits.domainBytesMax || !plain.test(ascii)) return null;
  for (const label of ascii.split(".")) if (label.length > limits.labelBytesMax) return null;
  return ascii;
}

function convert(domain: string): string | null {
  // UTS #46: checkHyphens off, because real hosts have hyphens in positions 3 and 4; invalid A-labels are refused.
  const converted = toASCII(domain, { checkHyphens: false, checkBidi: true, checkJoiners: true, useSTD3ASCIIRules: false, verifyDNSLength: false });
  return converted === null ? null : converted.toLowerCase();
}

/** Is `name` equal to `ancestor` or below it? Both as `domainToAscii` gives them. */
export function isAtOrBelow(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}
