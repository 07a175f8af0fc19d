/**
 * The From domain's own hosts, compared with the client (design: compauth.md rows 15 and 17): its MX hosts (RFC 5321 §5.1) and the
 * domain itself. Asks at most limits.fromMxHostsMax of them. It refuses to say what a match is worth: anybody may name any host.
 */
import { limits } from "../../base/limits.ts";
import { type Answer, isTrouble } from "../../dns/answer.ts";
import type { Dns } from "../../dns/budget.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { type IpAddress, isInNetwork, parseIpv4, parseIpv6 } from "../../mail/ip-address.ts";
import type { FromInfrastructure } from "./result.ts";

export type FromHosts = Pick<FromInfrastructure, "fromMxHosts" | "fromNeighbours" | "fromHostsUnknown">;

/** `domain` as an A-label in lower case. Never throws on what DNS says. */
export async function askFromHosts(domain: string, client: IpAddress, dns: Dns): Promise<FromHosts> {
  const [exchanges, own] = await Promise.all([dns.query(domain, "MX"), queryAddresses(dns, client, domain)]);
  const mxHosts = mxHostsOf(domain, exchanges);
  const answers = await Promise.all(mxHosts.map((host) => (host === domain ? own : queryAddresses(dns, client, host))));
  const fromMxHosts = mxHosts.filter((_, i) => nearness(answers[i], client) === "same");
  const isNeighbour = (host: string, answer: Answer<"A" | "AAAA"> | undefined): boolean =>
    nearness(answer, client) !== "far" && !fromMxHosts.includes(host);
  const neighbours = mxHosts.filter((host, i) => isNeighbour(host, answers[i]));
  if (!mxHosts.includes(domain) && isNeighbour(domain, own)) neighbours.unshift(domain);
  return { fromMxHosts, fromNeighbours: neighbours, fromHostsUnknown: [exchanges, own, ...answers].some(isTrouble) };
}

/** The hosts to look at, the most preferred first; among equals the order of the answer decides nothing. */
function mxHostsOf(domain: string, answer: Answer<"MX">): string[] {
  // RFC 5321 §5.1: without an MX record the domain is its own, implicit MX. After an error it is not known to be.
  if (answer.status === "nodata" || (answer.status === "found" && answer.records.length === 0)) return [domain];
  if (answer.status !== "found") return [];
  const hosts: string[] = [];
  // RFC 7505 §3: the null MX (".") names no host; domainToAscii has none for it.
  for (const { exchange } of answer.records.toSorted(byPreference)) {
    const host = domainToAscii(exchange);
    if (host !== null && !hosts.includes(host)) hosts.push(host);
    if (hosts.length === limits.fromMxHostsMax) break;
  }
  return hosts;
}

type Mx = { readonly preference: number; readonly exchange: string };

function byPreference(a: Mx, b: Mx): number {
  return a.preference - b.preference || (a.exchange < b.exchange ? -1 : 1);
}

function queryAddresses(dns: Dns, client: IpAddress, name: string): Promise<Answer<"A" | "AAAA">> {
  return client.family === 4 ? dns.query(name, "A") : dns.query(name, "AAAA");
}

/** How near the nearest address of an answer is: the client itself, in its /24 or /64, or elsewhere. */
function nearness(answer: Answer<"A" | "AAAA"> | undefined, client: IpAddress): "same" | "near" | "far" {
  if (answer?.status !== "found") return "far";
  const [read, whole, near] = client.family === 4 ? ([parseIpv4, 32, 24] as const) : ([parseIpv6, 128, 64] as const);
  let found: "near" | "far" = "far";
  for (const text of answer.records) {
    const address = read(text);
    if (address === null) continue;
    if (isInNetwork(address, client, whole)) return "same";
    if (isInNetwork(address, client, near)) found = "near";
  }
  return found;
}
