/**
 * The true client behind a gateway in front of us (design: compauth.md row 4; reference: eop.md §9 "Enhanced Filtering"): the first address
 * in the Received fields, read from the top, that is neither a hop, nor a relay of ours, nor private. Each field above it was written by a
 * machine that is trusted; the one that names it too. What lies below it, or below a field that names nobody, is anybody's.
 */
import { limits } from "../../base/limits.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import { type IpNetwork, parseIpAddress, parseIpNetwork } from "../../mail/ip-address.ts";
import { isInAny, isPrivateAddress } from "../../mail/private-network.ts";
import { parseReceived, type Received } from "../../mail/received.ts";
import type { Transaction } from "../../mail/transaction.ts";

export type HopPolicy = {
  /** Addresses or networks of the gateways whose Received names the client. */
  readonly hops: readonly string[];
  /** Relays of ours that may stand between. */
  readonly networks?: readonly string[] | undefined;
};

export type TrueClient =
  /** The connection did not come from a hop: its own address is the client's. */
  | { readonly status: "direct" }
  | { readonly status: "found"; readonly received: Received; readonly ip: string; readonly field: number }
  | { readonly status: "unknown"; readonly why: "no-received" | "broken" | "no-address" | "all-trusted" };

/** `peer` is the address that connected. */
export function trueClient(peer: string | null, header: Header, policy: HopPolicy): TrueClient {
  const hops = networksOf(policy.hops);
  const connected = peer === null ? null : parseIpAddress(peer);
  if (connected === null || !isInAny(connected, hops)) return { status: "direct" };
  const trusted = [...hops, ...networksOf(policy.networks ?? [])];
  const fields = fieldsNamed(header, "received").slice(0, limits.receivedFieldsMax);
  for (const [index, field] of fields.entries()) {
    const received = parseReceived(Buffer.from(unfoldedValue(header, field), "latin1").toString("utf8"));
    if (received.broken) return { status: "unknown", why: "broken" };
    // Without `from` the host handed the message over within itself (RFC 5321 §4.4 has it on every arrival by SMTP).
    if (received.ip === null && received.helo === null) continue;
    const client = received.ip === null ? null : parseIpAddress(received.ip);
    if (client === null || received.ip === null) return { status: "unknown", why: "no-address" };
    if (isInAny(client, trusted) || isPrivateAddress(client)) continue;
    return { status: "found", received, ip: received.ip, field: index + 1 };
  }
  return { status: "unknown", why: fields.length === 0 ? "no-received" : "all-trusted" };
}

/** The envelope that every row runs on. Behind a hop with an unknown client `ip` stays the hop's: row 4 sees that the two are one. */
export function behindHop(transaction: Transaction, client: TrueClient): Transaction {
  switch (client.status) {
    case "direct":
      return transaction;
    case "unknown":
      return { ...transaction, trustedHop: transaction.ip };
    case "found": {
      const { ip, received } = client;
      return { ...transaction, ip, helo: received.helo, tls: received.tls, trustedHop: transaction.ip };
    }
    default:
      return client satisfies never;
  }
}

function networksOf(texts: readonly string[]): readonly IpNetwork[] {
  return texts.flatMap((text) => parseIpNetwork(text) ?? []);
}
