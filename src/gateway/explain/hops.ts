/**
 * The way of a message, as its Received fields tell it, and where the reader's trust ends: at the field in which the receiving
 * organization took the message from a stranger. What stands below was written by others, and anybody can write such fields.
 * A client chooses its HELO, so no HELO ever moves that border; doubt moves it up, never down.
 */
import { limits } from "../../base/limits.ts";
import { type IpAddress, isInNetwork, parseIpAddress, parseIpNetwork } from "../../mail/ip-address.ts";
import { isPrivateAddress } from "../../mail/private-network.ts";
import { parseReceived, type Received } from "../../mail/received.ts";
import { organizationOf, type Provider, providerOf } from "./provider.ts";
import type { HeaderField } from "./read-headers.ts";

/** `inside`: within the receiving organization. `edge`: it took the message from a stranger. `claim`: below, others' word. */
export type Side = "inside" | "edge" | "claim";

export type Hop = Received & {
  readonly place: number;
  /** The reverse name of the client that the server looked up, where the field has one. */
  readonly clientName: string | null;
  /** Whose server wrote the field, as far as its name tells. */
  readonly organization: string | null;
  readonly provider: Provider | null;
  readonly side: Side;
};

export type Way = {
  /** Newest first, as they stand. */
  readonly hops: readonly Hop[];
  /** The hop at the border; null without a Received field. */
  readonly edge: Hop | null;
  /** The organizations of the inside hops and the edge. */
  readonly receivers: ReadonlySet<string>;
  /** Did the edge take it from a stranger, or does the message begin within the organization? */
  readonly origin: "stranger" | "own";
};

export function wayOf(fields: readonly HeaderField[]): Way {
  const read = fields
    .filter((field) => field.name === "received")
    .slice(0, limits.receivedFieldsMax)
    .map(readHop);
  const { edge, receivers, origin } = border(read);
  const hops = read.map((hop, i): Hop => ({ ...hop, side: i < edge ? "inside" : i === edge ? "edge" : "claim" }));
  return { hops, edge: hops[edge] ?? null, receivers, origin };
}

type Read = Omit<Hop, "side">;

function readHop({ value, place }: HeaderField): Read {
  const received = parseReceived(value);
  return {
    ...received,
    place,
    clientName: clientNameIn(value, received.ip),
    organization: organizationOf(received.by),
    provider: providerOf(received.by),
  };
}

/** `(mail.example.com [192.0.2.1])`: the last such comment with the client's own address, as Postfix, Google and Sendmail write it. */
function clientNameIn(value: string, ip: string | null): string | null {
  const text = value.slice(0, limits.receivedFieldBytesMax);
  if (ip === null || text.includes("may be forged")) return null;
  let name: string | null = null;
  for (const [, said = "", address = ""] of text.matchAll(/\(([A-Za-z0-9._-]{1,255}) \[([^\][ ]{2,60})\]/g)) {
    const same = parseIpAddress(address.replace(/^IPv6:/i, ""));
    const client = parseIpAddress(ip);
    if (same !== null && client !== null && same.words.join() === client.words.join()) name = said.replace(/\.$/, "").toLowerCase();
  }
  return name?.includes(".") ? name : null;
}

/** The index of the edge among the hops, newest first; -1 without hops. */
function border(hops: readonly Read[]): Pick<Way, "receivers" | "origin"> & { readonly edge: number } {
  const receivers = new Set<string>();
  for (const [i, hop] of hops.entries()) {
    const before = hops[i - 1];
    // A field without client says nothing of who wrote the next one: only the same organization goes on.
    const cut = before !== undefined && before.ip === null && hop.organization !== null && !receivers.has(hop.organization);
    if (cut && receivers.size > 0) return { edge: i - 1, receivers, origin: "stranger" };
    if (hop.organization !== null) receivers.add(hop.organization);
    if (hop.broken || !isInsideClient(hop, hops[i + 1])) return { edge: i, receivers, origin: "stranger" };
  }
  return { edge: hops.length - 1, receivers, origin: "own" };
}

/** Did the message come from a server of the receiver's own? By address, or by a name that the server looked up itself. */
function isInsideClient(hop: Read, next: Read | undefined): boolean {
  const address = hop.ip === null ? null : parseIpAddress(hop.ip);
  // No `from` at all: the server wrote it of itself. With one, but no address that can be read, nothing is known.
  if (address === null) return hop.helo === null;
  if (isPrivateAddress(address)) return true;
  if (hop.provider?.id === "microsoft" && isMicrosoftInside(address)) return true;
  const { clientName } = hop;
  return clientName !== null && next?.by?.toLowerCase() === clientName && organizationOf(clientName) === hop.organization;
}

/** The blocks from which Exchange Online's servers speak to each other; mail of its customers, and their machines, leave from others. */
const microsoftInside = ["2603:1096::/32", "2603:10a6::/32", "2603:10b6::/32", "2603:10c6::/32", "2603:10d6::/32"].flatMap(
  (text) => parseIpNetwork(text) ?? [],
);
function isMicrosoftInside(address: IpAddress): boolean {
  return microsoftInside.some((network) => isInNetwork(address, network.address, network.bits));
}
