/**
 * Mistakes in who owns what: a domain that two tenants claim or none, a tenant without a domain, and accounts that may write nothing or
 * somebody else's name.
 */
import { organizationOf } from "../verdict/organization.ts";
import { acceptedOf } from "./accepted.ts";
import { type Conflict, eachOf, error, warning } from "./conflict.ts";
import type { Config } from "./schema.ts";

export function domainConflicts(config: Config): readonly Conflict[] {
  const { tenants, domains } = config;
  if (tenants.length === 0) return [];
  const owned = new Set(tenants.flatMap((tenant) => tenant.domains));
  return [
    ...eachOf(tenants, "tenants", (tenant, path) => (tenant.domains.length > 0 ? null : error(`${path}.domains`, "a domain or more"))),
    ...claimedTwice(config),
    ...eachOf(domains, "domains", ({ name }, path) =>
      owned.has(name) ? null : error(`${path}.name`, "a domain that one of [[tenants]] lists: with tenants each belongs to one"),
    ),
    ...splitOrganizations(config),
  ];
}

function claimedTwice({ tenants }: Config): readonly Conflict[] {
  const owner = new Map<string, string>();
  return tenants.flatMap((tenant, index) =>
    eachOf(tenant.domains, `tenants[${index}].domains`, (domain, path) => {
      const other = owner.get(domain);
      owner.set(domain, other ?? tenant.id);
      return other === undefined ? null : error(path, `each domain once: it is already listed by tenant ${other}`);
    }),
  );
}

/** Row 11 of the decision goes by organization: who has a part of one speaks for the whole. */
function splitOrganizations(config: Config): readonly Conflict[] {
  const owner = new Map<string, string>();
  return config.tenants.flatMap(({ id, domains }, index) =>
    eachOf(domains, `tenants[${index}].domains`, (domain, path) => {
      const organization = organizationOf(domain, { localSuffixes: config.policy.local_suffixes });
      const other = owner.get(organization);
      owner.set(organization, other ?? id);
      if (other === undefined || other === id) return null;
      return warning(path, `tenants ${other} and ${id} share the organization ${organization}: each may write in the other's name.`);
    }),
  );
}

export function outboundConflicts(config: Config): readonly Conflict[] {
  const accepted = new Set(acceptedOf(config).map(({ domain }) => domain));
  return config.outbound.accounts.flatMap(({ login, networks, addresses, domains }, index) => {
    const path = `outbound.accounts[${index}]`;
    const found: Conflict[] = [];
    if (login === null && networks.length === 0) found.push(error(path, "a login, or the networks of a relay that does not log in"));
    if (addresses.length === 0 && domains.length === 0) found.push(error(path, "addresses or domains that it may write in From"));
    if (login !== null && domains.includes("*")) found.push(warning(`${path}.domains`, `${login} may write any address in From.`));
    if (accepted.size === 0) return found;
    const foreign = (name: string): boolean => name !== "*" && !accepted.has(name.replace(/^\*\./, ""));
    const text = (name: string): string => `${name} is no accepted domain: its owner may not know that it is used here.`;
    found.push(
      ...eachOf(addresses, `${path}.addresses`, (address, place) => {
        const domain = address.slice(address.lastIndexOf("@") + 1);
        return foreign(domain) ? warning(place, text(domain)) : null;
      }),
      ...eachOf(domains, `${path}.domains`, (domain, place) => (foreign(domain) ? warning(place, text(domain)) : null)),
    );
    return found;
  });
}
