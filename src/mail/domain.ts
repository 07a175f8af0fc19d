/**
 * Domain names as mail compares them: A-labels, lower case, no final dot (RFC 5890, RFC 8616).
 * U-labels are converted by UTS #46 (non-transitional, via tr46). It refuses names that DNS cannot carry.
 */
import { toASCII } from "tr46";
import { limits } from "../base/limits.ts";
import { memoized } from "../base/memo.ts";

const nameCharacters = /^[a-z0-9_.-]+$/;

/**
 * The A-label form of a domain, or null where it has none: empty or over-long labels, characters outside letters, digits, hyphen
 * and underscore, invalid or non-round-tripping punycode. A final dot is removed. IP literals are not domains.
 */
export const domainToAscii: (domain: string) => string | null = memoized((domain) => {
  const bare = domain.endsWith(".") ? domain.slice(0, -1) : domain;
  if (bare.length > limits.domainBytesMax * 4) return null;
  const lower = bare.toLowerCase();
  const ascii = nameCharacters.test(lower) && !lower.includes("xn--") ? lower : convert(bare);
  return ascii !== null && isName(ascii) ? ascii : null;
});

function isName(ascii: string): boolean {
  if (ascii.length > limits.domainBytesMax || !nameCharacters.test(ascii)) return false;
  return ascii.split(".").every((label) => label !== "" && label.length <= limits.labelBytesMax && !label.startsWith("-"));
}

function convert(domain: string): string | null {
  // UTS #46: checkHyphens off, because real hosts have hyphens in positions 3 and 4; invalid A-labels are refused.
  const converted = toASCII(domain, {
    checkHyphens: false,
    checkBidi: true,
    checkJoiners: true,
    useSTD3ASCIIRules: false,
    verifyDNSLength: false,
  });
  return converted === null ? null : converted.toLowerCase();
}

/** Is `name` equal to `ancestor` or below it? Both as `domainToAscii` gives them. */
export function isAtOrBelow(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}
