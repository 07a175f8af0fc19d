/**
 * Reverse DNS of the client (RFC 8601 §3, "iprev"): its PTR names, and which of them resolve back to it. Names are looked at in
 * alphabetical order, so that the verdict does not depend on the order of DNS answers, and only as many as the lane may ask for.
 * It takes no unconfirmed name for the client's: whoever holds an address can name it as he likes.
 */
import { limits } from "../../base/limits.ts";
import { memoized } from "../../base/memo.ts";
import { type Answer, isTrouble } from "../../dns/answer.ts";
import type { Dns } from "../../dns/budget.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { formatIpAddress, type IpAddress, parseIpAddress, parseIpv4, parseIpv6, reverseName } from "../../mail/ip-address.ts";
import { isGenericName } from "./generic.ts";
import type { IprevReason, IprevResult } from "./result.ts";

/** Looks up the names of the client. Null, or what is no address: none. Never throws on what DNS says. */
export async function checkIprev(ip: string | null, dns: Dns): Promise<IprevResult> {
  const client = ip === null ? null : readClient(ip);
  if (client === null) return nameless("none", "no-client");
  const pointers = await dns.query(client.reverse, "PTR");
  if (isTrouble(pointers)) return nameless("temperror", "ptr-dns");
  // RFC 8601 §2.7.3: without PTR data the evaluation cannot be completed: permerror.
  if (pointers.status !== "found" || pointers.records.length === 0) return nameless("permerror", "no-ptr");
  const names = usableNames(pointers.records);
  const asked = names.slice(0, Math.min(limits.iprevNamesMax, dns.left));
  const answers = await queryAll(dns, client.address, asked);
  const confirmed = asked.filter((_, index) => resolvesTo(answers[index], client));
  const listed = [...confirmed, ...names.filter((name) => !confirmed.includes(name))].slice(0, limits.iprevNamesMax);
  const generic = listed[0] !== undefined && isGeneric(`${listed[0]} ${client.text}`);
  const found = { names: listed, confirmed: confirmed.length, generic } as const;
  if (confirmed.length > 0) return named("pass", null, found);
  return answers.some(isTrouble) ? named("temperror", "forward-dns", found) : named("fail", "not-confirmed", found);
}

type Client = { readonly address: IpAddress; readonly text: string; readonly reverse: string };

/** The address in the forms that are asked and compared; remembered, as most mail comes from few hosts. */
const readClient: (ip: string) => Client | null = memoized((ip) => {
  const address = parseIpAddress(ip);
  return address === null ? null : { address, text: formatIpAddress(address), reverse: reverseName(address) };
});

/** Of a host name and the client's address, with a space between: neither has one. */
const isGeneric = memoized((pair) => {
  const space = pair.indexOf(" ");
  const address = parseIpAddress(pair.slice(space + 1));
  return address !== null && isGenericName(pair.slice(0, space), address);
});

/** Host names in one spelling, each once, in a fixed order. What is no host name cannot confirm anything. */
function usableNames(records: readonly string[]): readonly string[] {
  const [only, ...more] = records;
  if (only !== undefined && more.length === 0) {
    const name = domainToAscii(only);
    return name === null ? [] : [name];
  }
  const names = records.map(domainToAscii);
  return [...new Set(names.filter((name) => name !== null))].sort();
}

/** Most clients have one name: then there is one answer to wait for. */
async function queryAll(dns: Dns, client: IpAddress, names: readonly string[]): Promise<readonly Answer<"A" | "AAAA">[]> {
  const [only, ...more] = names;
  if (only !== undefined && more.length === 0) return [await queryAddresses(dns, client, only)];
  return Promise.all(names.map((name) => queryAddresses(dns, client, name)));
}

function queryAddresses(dns: Dns, client: IpAddress, name: string): Promise<Answer<"A" | "AAAA">> {
  return client.family === 4 ? dns.query(name, "A") : dns.query(name, "AAAA");
}

function resolvesTo(answer: Answer<"A" | "AAAA"> | undefined, { address: client, text: wanted }: Client): boolean {
  if (answer?.status !== "found") return false;
  const read = client.family === 4 ? parseIpv4 : parseIpv6;
  return answer.records.some((text) => {
    if (text === wanted) return true;
    const address = read(text);
    return address !== null && formatIpAddress(address) === wanted;
  });
}

type Found = Pick<IprevResult, "names" | "confirmed" | "generic">;

function named(result: IprevResult["result"], reason: IprevReason | null, { names, confirmed, generic }: Found): IprevResult {
  return { result, reason, names, confirmed, generic };
}

function nameless(result: IprevResult["result"], reason: IprevReason): IprevResult {
  return { result, reason, names: [], confirmed: 0, generic: false };
}
