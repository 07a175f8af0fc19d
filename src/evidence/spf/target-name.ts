/**
 * From an expanded domain-spec to a name that DNS can be asked for (RFC 7208 §4.8, §7.3).
 * DEVIATION: RFC 7208 §4.8 leaves malformed names undefined; such a name is taken not to exist, and nothing is asked.
 */
import { limits } from "../../base/limits.ts";

/** The target name, without its final dot, as written; null where DNS cannot carry it: empty or over-long labels, control or 8-bit characters. */
export function targetName(expanded: string): string | null {
  const bare = expanded.endsWith(".") ? expanded.slice(0, -1) : expanded;
  const name = truncate(bare);
  if (name === null) return null;
  let start = 0;
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? 46 : name.charCodeAt(i);
    if (code === 46) {
      if (i === start || i - start > limits.labelBytesMax) return null;
      start = i + 1;
    } else if (code < 0x20 || code > 0x7e) return null;
  }
  return name;
}

/** RFC 7208 §7.3: labels are taken off the left until 253 characters are left. */
function truncate(name: string): string | null {
  const excess = name.length - limits.domainBytesMax;
  if (excess <= 0) return name;
  const dot = name.indexOf(".", excess - 1);
  return dot === -1 ? null : name.slice(dot + 1);
}
