/** Is a client in one of the networks that the operator wrote down? Unreadable entries match nothing; configuration refuses them. */
import { isInNetwork, parseIpAddress, parseIpNetwork } from "../mail/ip-address.ts";

export function matchingNetworks(ip: string | null, networks: readonly string[] | undefined): readonly string[] {
  const address = ip === null || networks === undefined || networks.length === 0 ? null : parseIpAddress(ip);
  if (address === null || networks === undefined) return [];
  return networks.filter((text) => {
    const network = parseIpNetwork(text);
    return network !== null && isInNetwork(address, network.address, network.bits);
  });
}
