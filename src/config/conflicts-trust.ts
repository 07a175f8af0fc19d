/**
 * Mistakes in whom to trust: anchors that strangers share or that cover half the network, names that are ours and a filter's at once, and
 * entries that would accept under the consumer profile.
 */
import { parseIpNetwork } from "../mail/ip-address.ts";
import { listRefusal } from "../verdict/overrides/list-check.ts";
import { networkFault, providerOfName, signerFault } from "../verdict/overrides/trust-anchor.ts";
import { acceptedOf } from "./accepted.ts";
import { type Conflict, eachOf, error, warning } from "./conflict.ts";
import { forwardersOf } from "./entries-of.ts";
import type { Config } from "./schema.ts";

export function trustConflicts(config: Config): readonly Conflict[] {
  const { networks, hops, gateways } = config.trust;
  return [
    ...eachOf(networks, "trust.networks", (network, path) => (isBroad(network) ? warning(path, broadRelays(network)) : null)),
    ...eachOf(hops, "trust.hops", tooBroad),
    ...gateways.flatMap((gateway, index) => gatewayConflicts(gateway, `trust.gateways[${index}]`)),
    ...config.trust.forwarders.flatMap((forwarder, index) => forwarderConflicts(config, forwarder, `trust.forwarders[${index}]`)),
    ...sealerConflicts(config),
    ...nameConflicts(config),
    ...config.outbound.accounts.flatMap((one, index) => eachOf(one.networks, `outbound.accounts[${index}].networks`, tooBroad)),
  ];
}

/** Profile consumer: nobody administers the recipients' policy, so that nothing may accept. The file is refused. */
export function consumerConflicts({ policy, trust }: Config): readonly Conflict[] {
  if (policy.profile !== "consumer") return [];
  const says = 'nothing here: policy.profile = "consumer" has no entry that would accept';
  return [
    ...(trust.hops.length === 0 ? [] : [error("trust.hops", says)]),
    ...(trust.sealers.length === 0 ? [] : [error("trust.sealers", says)]),
    ...eachOf(trust.gateways, "trust.gateways", (_, path) => error(path, says)),
    ...eachOf(trust.forwarders, "trust.forwarders", (_, path) => error(path, says)),
  ];
}

type Trust = Config["trust"];

function gatewayConflicts({ networks }: Trust["gateways"][number], path: string): readonly Conflict[] {
  if (networks.length === 0) return [error(path, "networks: a gateway is known by its address")];
  return eachOf(networks, `${path}.networks`, (network, place) => tooBroad(network, place) ?? refused(networkFault(network, {}), place));
}

function forwarderConflicts(config: Config, { name }: Trust["forwarders"][number], path: string): readonly Conflict[] {
  const context = { localSuffixes: config.policy.local_suffixes };
  const known = forwardersOf(config).filter((one) => one.name === name);
  if (known.length === 0) return [error(path, "networks, ptr or dkim: what the forwarder is known by")];
  const places = new Map(known.map(({ place, entry }) => [place, entry]));
  const accepted = acceptedOf(config);
  const recipients = config.trust.forwarders.find((one) => one.name === name)?.recipient_domains ?? [];
  return [
    ...[...places].flatMap(([place, entry]) => refused(listRefusal(entry, context), `${path}.${place}`) ?? []),
    ...eachOf(recipients, `${path}.recipient_domains`, (one, place) =>
      accepted.length === 0 || accepted.some(({ domain }) => domain === one) ? null : error(place, "an accepted domain"),
    ),
  ];
}

function refused(fault: { readonly why: string } | null, path: string): Conflict | null {
  return fault === null ? null : error(path, `what belongs to one organization alone: ${fault.why}`);
}

function sealerConflicts({ trust, policy }: Config): readonly Conflict[] {
  return eachOf(trust.sealers, "trust.sealers", (sealer, path) => {
    const { domain, expected } =
      typeof sealer === "string" ? { domain: sealer, expected: [] } : { domain: sealer.domain, expected: sealer.for };
    const fault = signerFault(domain, { localSuffixes: policy.local_suffixes });
    if (fault?.code === "public-suffix") return error(path, `a domain of one organization: ${fault.why}`);
    const provider = providerOfName(domain);
    if (provider === null || expected.length > 0) return null;
    return warning(
      path,
      `${provider} seals for strangers too: name with for = […] the forwarders or tenants that are expected of it, { domain = "${domain}", for = ["…"] }.`,
    );
  });
}

function nameConflicts({ authserv_id, trust }: Config): readonly Conflict[] {
  const ours = new Set([authserv_id, ...trust.authserv_ids].map((name) => name?.toLowerCase()));
  return eachOf(trust.local_milters, "trust.local_milters", (name, path) =>
    ours.has(name.toLowerCase()) ? error(path, "a name of the filter's own: what stands under ours is removed") : null,
  );
}

export function tooBroad(network: string, path: string): Conflict | null {
  return isBroad(network) ? error(path, "a smaller network, of hosts that you know") : null;
}

/** More than any one organization has. */
function isBroad(text: string): boolean {
  const network = parseIpNetwork(text);
  return network !== null && network.bits < (network.address.family === 4 ? 8 : 16);
}

function broadRelays(network: string): string {
  return `${network} is next to everybody: no Received field from there names a client.`;
}
