/**
 * What a gateway of ours says it saw (design: compauth.md row 10): its own Authentication-Results on a message that it then changed. Read
 * only where the message came from that gateway's addresses, and only from the topmost field of its name: the gateway removes those that
 * came to it under its name (RFC 8601 §5), and puts its own on top.
 */

import { trustedResults } from "../mail/authserv-id.ts";
import type { Header } from "../mail/header.ts";
import type { Transaction } from "../mail/transaction.ts";
import { isInOneOf } from "../verdict/overrides/network-text.ts";
import type { GatewayResult } from "../verdict/policy.ts";
import type { JudgePolicy } from "./judge.ts";

/** The policy with what the gateway said of this message; the same where no gateway has anything to say. */
export function withGatewayResult(policy: JudgePolicy, header: Header, transaction: Transaction): JudgePolicy {
  const { gateways = [] } = policy;
  if (gateways.length === 0 || transaction.direction === "outbound") return policy;
  const cameFrom = [transaction.ip, transaction.trustedHop];
  const gateway = gateways.find(({ networks }) => cameFrom.some((ip) => ip !== null && isInOneOf(ip, networks)));
  const gatewayResult = gateway === undefined ? null : resultOf(header, gateway.name);
  return gatewayResult === null ? policy : { ...policy, gatewayResult };
}

function resultOf(header: Header, gateway: string): GatewayResult | null {
  const [topmost] = trustedResults(header, [gateway]);
  const dmarc = topmost?.results.find(({ method }) => method === "dmarc");
  const from = dmarc?.properties.find(({ ptype, property }) => ptype === "header" && property === "from")?.value;
  if (dmarc === undefined || from === undefined) return null;
  return { gateway, result: dmarc.result === "pass" || dmarc.result === "fail" ? dmarc.result : "none", from };
}
