/**
 * Anonymous mail over IPv6 (design: compauth.md "Anonymous IPv6"; wording: stamp/smtp-replies.ts): taken only for recipient domains that
 * opted in, from clients with a reverse name, and with SPF or DKIM. One pure function for each stage of the dialogue; each gives the
 * reply or null, and why. It reads no list and no override: nothing waives these rules. A temporary DNS failure is 451, never one
 * of the three replies: a sender must not learn from our resolver's trouble that his set-up is wrong.
 */
import type { Evidence } from "../evidence/evidence.ts";
import type { IprevResult } from "../evidence/iprev/result.ts";
import { formatIpAddress, parseIpAddress } from "../mail/ip-address.ts";
import type { Transaction } from "../mail/transaction.ts";
import { domainOfAddress } from "./overrides/address-form.ts";
import type { Reply, StageResult } from "./reply.ts";
import type { Fact } from "./verdict.ts";

export type Ipv6GatePolicy = {
  /** Whom the rules are for: clients without login and TLS (default), or all without login. */
  readonly gate?: "anonymous" | "unauthenticated";
  /** A valid PTR: one syntactically valid name (default), or one that resolves back to the client. */
  readonly ptr?: "named" | "confirmed";
};

export type Ipv6Client = Pick<Transaction, "ip" | "tls" | "authenticatedAs" | "direction" | "trustedHop">;

/** `acceptsIpv6` null: no accepted domain of ours, so that nobody was asked to opt in; the other rules hold all the same. */
export type Ipv6Recipient = { readonly domain: string; readonly acceptsIpv6: boolean | null };

/** For one recipient: the reply is for that recipient alone. */
export function stageAtRcpt(
  client: Ipv6Client,
  asked: { readonly iprev: IprevResult; readonly recipient: Ipv6Recipient },
  policy: Ipv6GatePolicy,
): StageResult {
  const { because, ip } = concernOf(client, policy);
  if (ip === null) return allowed(because);
  const { domain, acceptsIpv6 } = asked.recipient;
  const opted = gateFact("opt-in", acceptsIpv6 === false ? "the recipient's domain has not opted in" : "the domain may be written to", {
    value: acceptsIpv6,
    source: "policy.domains",
  });
  if (acceptsIpv6 === false) return { reply: { id: "ipv6-not-accepted", domain }, facts: [because, opted] };
  const reverse = reverseOf(asked.iprev, policy);
  const named = gateFact("ptr", reverseWords[reverse], { value: asked.iprev.names[0] ?? null, source: "evidence.iprev" });
  return { reply: replyToPtr(reverse, ip), facts: [because, opted, named] };
}

/** Accepted domains, and whether each opted in. */
export type OptIns = readonly { readonly domain: string; readonly ipv6: boolean }[];

/**
 * Has the recipient's domain opted in? A recipient without a domain name (`<ada>`, an address literal) may be any accepted domain's: all must
 * have. `<postmaster>` is taken from everybody (RFC 5321 §4.5.1). Without accepted domains nobody was asked.
 */
export function optInOf(recipient: string, accepted: OptIns): Ipv6Recipient {
  const domain = domainOfAddress(recipient);
  if (accepted.length === 0 || /^postmaster$/i.test(recipient)) return { domain: domain ?? "", acceptsIpv6: null };
  if (domain !== null) return { domain, acceptsIpv6: accepted.find((one) => one.domain === domain)?.ipv6 ?? false };
  const out = accepted.find(({ ipv6 }) => !ipv6);
  return { domain: out?.domain ?? "", acceptsIpv6: out === undefined };
}

/** At the end of DATA, for the message. */
export function stageAtData(client: Ipv6Client, evidence: Pick<Evidence, "spf" | "dkim">, policy: Ipv6GatePolicy): StageResult {
  const { because, ip } = concernOf(client, policy);
  if (ip === null) return allowed(because);
  const { result, source } = authenticationOf(evidence);
  const found = gateFact("authentication", authenticationWords[result], { value: result, source });
  return { reply: replyToAuthentication(result, ip), facts: [because, found] };
}

type Concern = { readonly because: Fact; readonly ip: string | null };

/** Is this client anonymous over IPv6? `ip` is null where not. */
function concernOf({ ip, tls, authenticatedAs, direction, trustedHop }: Ipv6Client, { gate }: Ipv6GatePolicy): Concern {
  const address = ip === null ? null : parseIpAddress(ip);
  const passes = (why: string): Concern => ({ because: gateFact("client", why, { value: false, source: "transaction" }), ip: null });
  // An IPv4-mapped address was read as the IPv4 address it carries.
  if (address?.family !== 6) return passes(address === null ? "no client address is known" : "the client came over IPv4");
  if (direction === "outbound") return passes("the mail is our own");
  // The address is that of a client of the hop's, which was not here to be answered.
  if (trustedHop !== null) return passes("the mail came through a hop of ours");
  if (authenticatedAs !== null) return passes("the sender logged in");
  if (tls !== null && gate !== "unauthenticated") return passes("the connection has TLS");
  return { because: gateFact("client", "anonymous over IPv6", { value: true, source: "transaction" }), ip: formatIpAddress(address) };
}

function allowed(because: Fact): StageResult {
  return { reply: null, facts: [because] };
}

type Reverse = "valid" | "missing" | "unknown";
const reverseWords: Readonly<Record<Reverse, string>> = {
  valid: "the client has a reverse name",
  missing: "the client has no valid reverse name",
  unknown: "the client's reverse name is not known for now",
};

function reverseOf({ result, reason, names }: IprevResult, { ptr }: Ipv6GatePolicy): Reverse {
  if (reason === "ptr-dns") return "unknown";
  // iprev lists nothing but names that DNS can carry.
  if (ptr !== "confirmed") return names.length > 0 ? "valid" : "missing";
  if (result === "pass") return "valid";
  return result === "temperror" ? "unknown" : "missing";
}

function replyToPtr(reverse: Reverse, ip: string): Reply | null {
  switch (reverse) {
    case "valid":
      return null;
    case "missing":
      return { id: "ipv6-no-ptr", ip };
    case "unknown":
      return { id: "ptr-temporary", ip };
    default:
      return reverse satisfies never;
  }
}

type Authentication = "spf" | "dkim" | "temporary" | "neither";
const authenticationWords: Readonly<Record<Authentication, string>> = {
  spf: "SPF passes for MAIL FROM",
  dkim: "a DKIM signature is verified",
  temporary: "SPF or DKIM met a temporary error, and nothing passes",
  neither: "neither SPF nor a DKIM signature passes",
};

/** Any domain's will do: whose mail it is, is for the verdict. SPF of the HELO name speaks for no sender, but for the null path. */
function authenticationOf({ spf, dkim }: Pick<Evidence, "spf" | "dkim">): { readonly result: Authentication; readonly source: string } {
  const mailFrom = spf.filter(({ identity }) => identity === "mailfrom");
  if (mailFrom.some(({ result }) => result === "pass")) return { result: "spf", source: "evidence.spf" };
  if (dkim.some(({ result }) => result === "pass")) return { result: "dkim", source: "evidence.dkim" };
  if (mailFrom.some(({ result }) => result === "temperror")) return { result: "temporary", source: "evidence.spf" };
  if (dkim.some(({ result }) => result === "temperror")) return { result: "temporary", source: "evidence.dkim" };
  return { result: "neither", source: "evidence" };
}

function replyToAuthentication(result: Authentication, ip: string): Reply | null {
  switch (result) {
    case "spf":
    case "dkim":
      return null;
    case "temporary":
      return { id: "authentication-temporary" };
    case "neither":
      return { id: "ipv6-unauthenticated", ip };
    default:
      return result satisfies never;
  }
}

function gateFact(id: string, fact: string, { value, source }: Pick<Fact, "value" | "source">): Fact {
  return { id: `ipv6-${id}`, fact, value, weight: null, source };
}
