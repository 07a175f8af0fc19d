/**
 * Whose words are ours in stored mail and in logs: hosts whose Received fields we believe, networks of our relays, authserv-ids whose
 * results are ours, and the domains we accept mail for. Everything that is learnt from files rests on it.
 */
import { domainToAscii, isAtOrBelow } from "../../mail/domain.ts";
import type { IpAddress, IpNetwork } from "../../mail/ip-address.ts";
import { isInAny, isPrivateAddress } from "../../mail/private-network.ts";

export type Ours = {
  /** Host names, or domains that hold them, as A-labels. */
  readonly hosts: readonly string[];
  readonly networks: readonly IpNetwork[];
  readonly authservIds: readonly string[];
  /** Accepted domains; none: any recipient is ours. */
  readonly domains: readonly string[];
  /** The filter on the border takes foreign results of our authserv-ids out, and writes its own below the border's Received field. */
  readonly resultsBelowReceived: boolean;
};

/** Is this one of our hosts, by its name? */
export function isOurHost(name: string | null, { hosts }: Pick<Ours, "hosts">): boolean {
  const ascii = name === null ? null : domainToAscii(name);
  return ascii !== null && hosts.some((host) => isAtOrBelow(ascii, host));
}

/** Is the client a hop of our own: a relay of ours, or nobody's address on the Internet? */
export function isOurClient(client: IpAddress, { networks }: Pick<Ours, "networks">): boolean {
  return isPrivateAddress(client) || isInAny(client, networks);
}

/** Is the address in an accepted domain? Null where no domain is configured: nothing tells. */
export function isAccepted(address: string, { domains }: Pick<Ours, "domains">): boolean | null {
  if (domains.length === 0) return null;
  const domain = domainToAscii(address.slice(address.lastIndexOf("@") + 1));
  return domain !== null && domains.some((accepted) => isAtOrBelow(domain, accepted));
}
