/**
 * Addresses that are nobody's on the Internet: loopback, private, link-local, shared and unspecified (RFC 6890 and what it
 * lists). Mail from such a client came over a hop of our own. Documentation addresses are not among them: examples use them.
 */
import { type IpAddress, type IpNetwork, isInNetwork, parseIpNetwork } from "./ip-address.ts";

const networks: readonly IpNetwork[] = [
  "0.0.0.0/8", // RFC 1122 §3.2.1.3: this network
  "10.0.0.0/8", // RFC 1918 §3
  "100.64.0.0/10", // RFC 6598 §7: shared address space
  "127.0.0.0/8", // RFC 1122 §3.2.1.3: loopback
  "169.254.0.0/16", // RFC 3927 §2.1: link-local
  "172.16.0.0/12", // RFC 1918 §3
  "192.168.0.0/16", // RFC 1918 §3
  "255.255.255.255/32", // written by some gateways for "inside"
  "::/127", // RFC 4291 §2.5.2 unspecified, §2.5.3 loopback
  "fc00::/7", // RFC 4193 §3.1
  "fe80::/10", // RFC 4291 §2.5.6
].flatMap((text) => parseIpNetwork(text) ?? []);

export function isPrivateAddress(address: IpAddress): boolean {
  return isInAny(address, networks);
}

export function isInAny(address: IpAddress, list: readonly IpNetwork[]): boolean {
  return list.some((network) => isInNetwork(address, network.address, network.bits));
}
