/**
 * Reverse DNS of the client (RFC 8601 §3, "iprev"): its PTR names, and which of them resolve back to it. Names are looked at in
 * alphabetical order, so that the verdict does not depend on the order of DNS answers, and only as many as the lane may ask for.
 * It takes no unconfirmed name for the client's: whoever holds an address can name it as he likes.
 */
import { limits } from "../../base/limits.ts";
import { type Answer, isTrouble } from "../../dns/answer.ts";
import type { Dns } from "../../dns/budget.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { formatIpAddress, type IpAddress, parseIpAddress, parseIpv4, parseIpv6, reverseName } from "../../mail/ip-address.ts";
import { isGenericName } from "./generic.ts";
import type { IprevReason, IprevResult } from "./result.ts";

/** Looks up the names of the client. Null, or what is no address: none. Never throws on what DNS says. */
export async function checkIprev(ip: string | null, dns: Dns): Promise<IprevResult> {
  const client = ip === null ? null : parseIpAddress(ip);
  if (client === null) return nameless("none", "no-client");
  const pointers = await dns.query(reverseName(client), "PTR");
  if (isTrouble(pointers)) return nameless("temperror", "ptr-dns");
  // RFC 8601 §2.7.3: without PTR data the evaluation cannot be completed: permerror.
  if (pointers.status !== "found" || pointers.records.length === 0) return nameless("permerror", "no-ptr");
  const names = usableNames(pointers.records);
  const asked = names.slice(0, Math.min(limits.iprevNamesMax, dns.left));
  const answers = await Promise.all(asked.map((name) => queryAddresses(dns, client, name)));
  const confirmed = asked.filter((_, index) => resolvesTo(answers[index], client));
  const listed = [...confirmed, ...names.filter((name) => !confirmed.includes(name))].slice(0, limits.iprevNamesMax);
  const found = { names: listed, confirmed: confirmed.length, generic: listed[0] !== undefined && isGenericName(listed[0], client) };
  if (confirmed.length > 0) return { result: "pass", reason: null, ...found };
  if (answers.some(isTrouble)) return { result: "temperror", reason: "forward-dns", ...found };
  return { result: "fail", reason: "not-confirmed", ...found };
}

/** Host names in one spelling, each once, in a fixed order. What is no host name cannot confirm anything. */
function usableNames(records: readonly string[]): readonly string[] {
  const names = records.map(domainToAscii);
  return [...new Set(names.filter((name) => name !== null))].sort();
}

function queryAddresses(dns: Dns, client: IpAddress, name: string): Promise<Answer<"A" | "AAAA">> {
  return client.family === 4 ? dns.query(name, "A") : dns.query(name, "AAAA");
}

function resolvesTo(answer: Answer<"A" | "AAAA"> | undefined, client: IpAddress): boolean {
  if (answer?.status !== "found") return false;
  const wanted = formatIpAddress(client);
  const read = client.family === 4 ? parseIpv4 : parseIpv6;
  return answer.records.some((text) => {
    const address = read(text);
    return address !== null && formatIpAddress(address) === wanted;
  });
}

function nameless(result: IprevResult["result"], reason: IprevReason): IprevResult {
  return { result, reason, names: [], confirmed: 0, generic: false };
}
