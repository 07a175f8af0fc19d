/**
 * Names as the resolver asks them: ASCII text without escapes, lower case, no final dot; each character is one octet and "." parts
 * labels (RFC 1035 §2.3.4 for the sizes). Any printable ASCII may be asked, because SPF macros make names of local parts
 * (RFC 7208 §7.3); U-labels and other 8-bit text are refused: their A-labels are what DNS knows.
 */
import { limits } from "../base/limits.ts";
import type { NotFound } from "./answer.ts";

/** A name that DNS cannot carry cannot exist either. It is answered so, without asking. */
export const cannotExist: NotFound = Object.freeze({ status: "nxdomain", withheld: "name" });

/** The name in the form that is asked, or null where DNS cannot carry it: empty or over-long labels, over 253 octets, controls, 8-bit. */
export function askableName(name: string): string | null {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  if (bare.length === 0 || bare.length > limits.domainBytesMax) return null;
  let labelStart = 0;
  for (let i = 0; i <= bare.length; i++) {
    const code = i === bare.length ? dot : bare.charCodeAt(i);
    if (code < space || code > tilde) return null;
    if (code !== dot) continue;
    if (i === labelStart || i - labelStart > limits.labelBytesMax) return null;
    labelStart = i + 1;
  }
  // All ASCII by now: toLowerCase cannot turn another letter (U+212A) into one of ours.
  return bare.toLowerCase();
}

/** Is `name` equal to `zone` or below it? Both lower case, the root being ".". */
export function isWithin(name: string, zone: string): boolean {
  return zone === "." || name === zone || name.endsWith(`.${zone}`);
}

const space = 0x20;
const tilde = 0x7e;
const dot = 0x2e;
