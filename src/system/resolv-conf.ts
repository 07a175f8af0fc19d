/**
 * The system's own choice of DNS servers: resolv.conf(5). Reads `nameserver` and, of `options`, timeout, attempts and trust-ad;
 * search lists play no part, since mail's names are absolute. It is read once, when a resolver is built; a file that is missing
 * or names nobody means 127.0.0.1, as libc has it.
 */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";

export type ResolvConf = {
  /** Addresses, IPv6 ones possibly with %scope. */
  readonly servers: readonly string[];
  readonly timeoutSeconds: number | null;
  readonly attempts: number | null;
  readonly trustAd: boolean;
};

/** The system's file, or the defaults where there is none. */
export function systemResolvConf(path = "/etc/resolv.conf"): ResolvConf {
  try {
    return parseResolvConf(readFileSync(path, "utf8"));
  } catch {
    return parseResolvConf("");
  }
}

/** Reads the text of a resolv.conf; lines that it does not understand are passed over, as libc does. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let timeoutSeconds: number | null = null;
  let attempts: number | null = null;
  let trustAd = false;
  for (const line of text.split("\n")) {
    // A comment starts a line with ";" or "#"; behind a value it is not one to libc, and harmless here.
    const [keyword, ...words] = line.trim().split(/[ \t\r]+/);
    if (keyword === "nameserver") {
      const address = words[0] ?? "";
      if (isIP(address) !== 0 && servers.length < serversMax) servers.push(address);
    } else if (keyword === "options") {
      for (const word of words) {
        if (word === "trust-ad") trustAd = true;
        else if (word.startsWith("timeout:")) timeoutSeconds = within(word.slice(8), 30) ?? timeoutSeconds;
        else if (word.startsWith("attempts:")) attempts = within(word.slice(9), 5) ?? attempts;
      }
    }
  }
  return { servers: servers.length === 0 ? ["127.0.0.1"] : servers, timeoutSeconds, attempts, trustAd };
}

/** resolv.conf(5): at most three servers; timeout is capped at 30, attempts at 5. */
const serversMax = 3;

function within(text: string, max: number): number | null {
  return /^[0-9]{1,6}$/.test(text) ? Math.min(Math.max(Number(text), 1), max) : null;
}
