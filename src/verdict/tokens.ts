/**
 * The marks of the infrastructure that one message came from (design: compauth.md "Sender history"). Only what is verified counts as
 * what it is: a signature that verified over the whole body, the envelope domain that SPF passed, a reverse name that resolves back,
 * the address itself. A HELO or a certificate's subject is anybody's to choose, and counts only where one of those confirms it.
 */
import { limits } from "../base/limits.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { authorOf, type FromEvidence } from "../evidence/from/author.ts";
import { domainToAscii } from "../mail/domain.ts";
import { formatIpAddress, parseIpAddress } from "../mail/ip-address.ts";
import type { Transaction } from "../mail/transaction.ts";
import { authenticatesAsAuthor, confirmedNames } from "./facts.ts";
import type { Token, TokenKind } from "./history.ts";
import { organizationOf } from "./organization.ts";

/** Each token once, the most telling kinds first, at most limits.historyTokensMax. */
export function tokensOf(transaction: Transaction, from: FromEvidence, evidence: Evidence): readonly Token[] {
  const names = confirmedNames({ transaction, from, evidence });
  const tokens: Token[] = [];
  const add = (kind: TokenKind, value: string | null): void => {
    if (value === null || tokens.length >= limits.historyTokensMax) return;
    if (!tokens.some((token) => token.kind === kind && token.value === value)) tokens.push({ kind, value });
  };
  for (const domain of verifiedSigners(evidence).slice(0, signersMax)) add("dkim", domain);
  add("spf", verifiedEnvelope(transaction, evidence));
  // The /24 or /48 stands before the address: it is the source that the store's caps are kept by.
  add("prefix", evidence.infrastructure.prefix);
  add("prefix", clientNetwork(transaction.ip));
  for (const name of names.slice(0, namesMax)) {
    add("ptr", name);
    add("ptr", organizationOf(name, {}));
  }
  add("helo", verifiedHelo(transaction, evidence, names));
  add("tls", confirmedSubject(transaction, names));
  const { fromMxHosts, fromNeighbours } = evidence.infrastructure;
  for (const host of [...(fromMxHosts ?? []), ...(fromNeighbours ?? [])].slice(0, hostsMax)) add("mx", domainToAscii(host));
  return tokens;
}

const signersMax = 4;
const namesMax = 2;
const hostsMax = 3;

/**
 * The organization that verifiably handed the message over, where it is not the author's and nothing speaks for the author: the
 * envelope's, else a signer's. A mailing list, a forwarder that rewrites the envelope, a service, or a stranger with a domain.
 */
export function carrierOf(transaction: Transaction, from: FromEvidence, evidence: Evidence): string | null {
  const [author] = authorOf(from).domains;
  if (author === undefined || authenticatesAsAuthor(evidence)) return null;
  const own = organizationOf(author, {});
  const others = [verifiedEnvelope(transaction, evidence), ...verifiedSigners(evidence)]
    .filter((domain) => domain !== null)
    .map((domain) => organizationOf(domain, {}));
  return others.find((organization) => organization !== own) ?? null;
}

/** d= of signatures that verified over the whole body. */
export function verifiedSigners({ dkim }: Pick<Evidence, "dkim">): readonly string[] {
  return dkim.flatMap(({ result, bodyCovered, domain }) => (result === "pass" && bodyCovered !== false && domain !== null ? domain : []));
}

/** The domain of MAIL FROM where SPF passed for it, not by a record that lets next to everybody pass. */
export function verifiedEnvelope({ mailFrom }: Transaction, { spf }: Pick<Evidence, "spf">): string | null {
  if (mailFrom === "") return null;
  return spf.find(({ identity, result, broad }) => identity === "mailfrom" && result === "pass" && !broad)?.domain ?? null;
}

/** The client itself: its address, or the /64 that an IPv6 host changes its address within. */
function clientNetwork(ip: string | null): string | null {
  const address = ip === null ? null : parseIpAddress(ip);
  if (address === null) return null;
  if (address.family === 4) return `${formatIpAddress(address)}/32`;
  const [a = 0, b = 0] = address.words;
  return `${formatIpAddress({ family: 6, words: [a, b, 0, 0] })}/64`;
}

/** Organization of HELO, if SPF passed for it or it is a confirmed name of the client. */
function verifiedHelo({ helo, mailFrom }: Transaction, { spf }: Evidence, names: readonly string[]): string | null {
  const name = helo === null ? null : domainToAscii(helo);
  if (name === null || !name.includes(".")) return null;
  const identity = mailFrom === "" ? "mailfrom" : "helo";
  const passed = spf.some((one) => one.identity === identity && one.result === "pass" && !one.broad && one.domain === name);
  return passed || names.includes(name) ? organizationOf(name, {}) : null;
}

/** Organization in the subject of the client's certificate, which nobody has checked, if a confirmed name is of the same. */
function confirmedSubject({ tls }: Transaction, names: readonly string[]): string | null {
  const subject = tls?.subject ?? null;
  if (subject === null || subject.length > limits.domainBytesMax * 2) return null;
  const at = subject.toLowerCase().lastIndexOf("cn=");
  const [common = ""] = (at < 0 ? subject : subject.slice(at + 3)).split(/[,/]/, 1);
  const name = domainToAscii(common.trim().replace(/^\*\./, ""));
  if (name === null || !name.includes(".")) return null;
  const organization = organizationOf(name, {});
  return names.some((one) => organizationOf(one, {}) === organization) ? organization : null;
}

/**
 * Can no stranger show this mark, not even one who rents at the same provider? A signature, an envelope, the client's own address and
 * its own confirmed name are the sender's; the provider's name and a neighbour's address are shared with whoever rents next door.
 */
export function isOwnMark({ kind, value }: Token, hosts: readonly string[]): boolean {
  switch (kind) {
    case "dkim":
    case "spf":
      return true;
    case "ptr":
      return hosts.includes(value);
    case "prefix":
      return value.endsWith("/32") || value.endsWith("/64");
    case "helo":
    case "tls":
    case "mx":
      return false;
    default:
      return kind satisfies never;
  }
}
