/**
 * Who runs the machine that connected, as far as addresses and names tell (design: compauth.md "Spoof intelligence"): the PTR's
 * organization and the network prefix. It asks nothing; whether many share it is history's to say.
 */
import { domainToAscii } from "../../mail/domain.ts";
import { formatPrefix, parseIpAddress } from "../../mail/ip-address.ts";
import { organizationalDomainByList } from "../../mail/public-suffix.ts";
import type { IprevResult } from "../iprev/result.ts";
import { type FromInfrastructure, type Infrastructure, notAsked } from "./result.ts";

/** `ofFrom` is null where the From domain was not asked about its hosts. */
export function infrastructureOf(ip: string | null, iprev: IprevResult, ofFrom: FromInfrastructure | null = null): Infrastructure {
  const address = ip === null ? null : parseIpAddress(ip);
  const name = iprev.names[0];
  const ascii = name === undefined ? null : domainToAscii(name);
  return {
    ptrOrganization: ascii === null ? null : (organizationalDomainByList(ascii) ?? ascii),
    confirmed: iprev.confirmed > 0,
    generic: iprev.generic,
    prefix: address === null ? null : formatPrefix(address),
    shared: null,
    ...(ofFrom ?? notAsked),
  };
}
