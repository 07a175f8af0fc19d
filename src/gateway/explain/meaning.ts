/**
 * One result of one method in plain words: what the word says, with the domain it says it of. Words that are no standard's but in
 * use (Yahoo's `success`, older `hardfail`) are read as what they stand for.
 */
import type { MethodResult } from "../../mail/authentication-results.ts";
import { domainToAscii } from "../../mail/domain.ts";

/** The standard's word for what was written. */
export function wordOf({ method, result }: MethodResult): string {
  if (method === "dmarc" && result === "unknown") return "none";
  const bare = result.startsWith(`${method}_`) ? result.slice(method.length + 1) : result;
  return Object.hasOwn(synonyms, bare) ? (synonyms[bare] ?? bare) : bare;
}
const synonyms: Readonly<Record<string, string>> = {
  success: "pass",
  hardfail: "fail",
  bad: "fail",
  invalid: "permerror",
  unknown: "none",
  error: "temperror",
  timeout: "temperror",
  // Exchange: verified with a key in test mode (RFC 6376 §3.6.1 t=y); not looked at because the key is too short.
  test: "pass",
  ignore: "policy",
};

/** The domain a result speaks of, in the form in which domains compare; as written where it is none; null where none is given. */
export function domainOf({ method, properties }: MethodResult): string | null {
  const value = (names: readonly string[]): string | null => {
    for (const name of names) {
      const found = properties.find(({ ptype, property }) => `${ptype}.${property}` === name)?.value;
      if (found !== undefined && found !== "" && found.toLowerCase() !== "none") return found;
    }
    return null;
  };
  const written = value(namesOf[method] ?? []);
  if (written === null) return null;
  const domain = written.replace(/^<|>$/g, "");
  const host = domain.slice(domain.lastIndexOf("@") + 1);
  return host === "" ? null : (domainToAscii(host) ?? host.toLowerCase());
}
const namesOf: Readonly<Record<string, readonly string[]>> = {
  spf: ["smtp.mailfrom", "smtp.helo", "smtp.from"],
  dkim: ["header.d", "header.i"],
  dmarc: ["header.from"],
  dara: ["header.i"],
  iprev: ["policy.iprev"],
  "x-ptr": ["smtp.helo", "policy.ptr"],
};

/** Is it a name that can be compared with others? `***`, `[redacted]` and the like are none. */
export function isLegible(domain: string | null): boolean {
  return domain !== null && domainToAscii(domain) !== null;
}

/** A property without type, such as `action`; or the first of these full names. */
export function propertyOf({ properties }: MethodResult, ...names: readonly string[]): string | null {
  for (const { ptype, property, value } of properties) if (names.includes(ptype === "" ? property : `${ptype}.${property}`)) return value;
  return null;
}

/** The policy that a dmarc result names: a property, or `p=` in a comment; lower case. */
export function policyOf(result: MethodResult): string | null {
  const said = propertyOf(result, "policy.dmarc", "policy.published-domain-policy", "policy.p");
  const inComment = /\bp=([A-Za-z]{4,10})\b/.exec(result.comments.join(" ").slice(0, 500))?.[1];
  return (said ?? inComment ?? null)?.toLowerCase() ?? null;
}

/** What was done by it: Microsoft's `action=`, Google's `dis=`. */
export function actionOf(result: MethodResult): string | null {
  const inComment = /\bdis=([A-Za-z]{4,10})\b/.exec(result.comments.join(" ").slice(0, 500))?.[1];
  return (propertyOf(result, "action", "policy.applied-disposition") ?? inComment ?? null)?.toLowerCase() ?? null;
}

/** In plain words; null for a method that says nothing of the sender. */
export function meaningOf(result: MethodResult): string | null {
  const domain = domainOf(result);
  switch (result.method) {
    case "spf":
      return spf(wordOf(result), domain ?? "the envelope domain");
    case "dkim":
      return dkim(result, domain ?? "the signer");
    case "dmarc":
      return dmarc(result, domain ?? "the From domain");
    case "arc":
      return arc(result);
    case "iprev":
    case "x-ptr":
      return wordOf(result) === "pass" ? "the client's reverse name leads back to it" : "the client has no confirmed reverse name";
    case "auth":
      return wordOf(result) === "pass" ? "the sender logged in" : null;
    default:
      return null;
  }
}

function spf(word: string, domain: string): string | null {
  const words: Readonly<Record<string, string>> = {
    pass: `${domain} lists the client as its own`,
    fail: `${domain} says the client may not send for it (-all)`,
    softfail: `${domain} says the client is probably not its own (~all)`,
    neutral: `${domain} says nothing either way (?all)`,
    none: `${domain} publishes no SPF record`,
    temperror: "DNS did not answer",
    permerror: `the SPF record of ${domain} cannot be used: a mistake, several records, or more than 10 lookups`,
    policy: "passed, and was overruled by the receiver's own policy",
  };
  return Object.hasOwn(words, word) ? (words[word] ?? null) : null;
}

/** Comments decide between the ways a signature fails: the words are Exchange's and the common libraries'. */
function dkim(result: MethodResult, domain: string): string | null {
  const comment = `${result.comments.join(" ")} ${result.reason ?? ""}`.toLowerCase().slice(0, 500);
  const word = wordOf(result);
  if (word === "pass") return `a signature of ${domain} verified${result.result === "test" ? "; its key is marked as a test" : ""}`;
  if (result.result === "timeout" || comment.includes("timeout")) return `the key of ${domain} could not be fetched in time`;
  if (comment.includes("no key")) return `${domain} publishes no key for the signature`;
  if (comment.includes("body hash") || comment.includes("body-hash")) return "the body was changed after signing";
  if (comment.includes("public key") || comment.includes("hash algorithm")) return `the key or the algorithm of ${domain} is not accepted`;
  if (comment.includes("syntax")) return "the signature field has a mistake in it";
  // Exchange spells it wrongly.
  if (comment.includes("expired") || comment.includes("exipred")) return "the signature had expired";
  const words: Readonly<Record<string, string>> = {
    fail: "the signature does not verify: a signed field was changed, or the key is another",
    none: result.result === "unknown" ? "not signed, or not checked" : "not signed",
    neutral: "a signature that could not be judged",
    policy: "verified, but not accepted: too weak, or only part of the message is signed",
    temperror: `the key of ${domain} could not be fetched`,
    permerror: "the signature or its key has a mistake in it",
  };
  return Object.hasOwn(words, word) ? (words[word] ?? null) : null;
}

function dmarc(result: MethodResult, domain: string): string | null {
  const policy = policyOf(result);
  const asks = policy === null ? "" : ` (${domain} asks for p=${policy})`;
  const words: Readonly<Record<string, string>> = {
    pass: `SPF or DKIM passed for ${domain} or its organization${asks}`,
    bestguesspass: `${domain} has no DMARC record, but would pass if it had one`,
    fail: `nothing that passed belongs to ${domain}${asks}`,
    none: `${domain} publishes no DMARC record`,
    temperror: `the DMARC record of ${domain} could not be fetched`,
    permerror: `the DMARC record of ${domain} has a mistake in it`,
  };
  const word = wordOf(result);
  return Object.hasOwn(words, word) ? (words[word] ?? null) : null;
}

function arc(result: MethodResult): string | null {
  const comment = result.comments.join(" ").slice(0, 500);
  const trusted = /\boda=1\b/.test(comment)
    ? ", and its sealer is on the receiver's list"
    : /\boda=0\b/.test(comment)
      ? ", but its sealer is not on the receiver's list"
      : "";
  const words: Readonly<Record<string, string>> = {
    pass: `the chain of forwarders is sound${trusted}`,
    fail: "the chain of forwarders is broken",
    none: "no forwarder sealed the message",
  };
  const word = wordOf(result);
  return Object.hasOwn(words, word) ? (words[word] ?? null) : null;
}
