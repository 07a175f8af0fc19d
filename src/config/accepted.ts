/**
 * Accepted domains and whose they are: with tenants each belongs to one of them, without any all are the one organization's.
 */
import type { Tenant } from "../verdict/policy.ts";
import type { Config } from "./schema.ts";

export type Accepted = {
  readonly domain: string;
  /** "" where there is one tenant, as in the store. */
  readonly tenant: string;
  /** Accepts anonymous mail over IPv6. */
  readonly ipv6: boolean;
};

type Domains = Pick<Config, "domains" | "tenants">;

/** The accepted domains of all tenants. */
export function acceptedOf({ domains, tenants }: Domains): readonly Accepted[] {
  const ipv6 = new Set(domains.filter((one) => one.ipv6).map(({ name }) => name));
  if (tenants.length === 0) return domains.map(({ name }) => ({ domain: name, tenant: "", ipv6: ipv6.has(name) }));
  return tenants.flatMap(({ id, domains: owned }) => owned.map((domain) => ({ domain, tenant: id, ipv6: ipv6.has(domain) })));
}

/** The tenants as the decision knows them; a single one needs no name. */
export function tenantsOf({ domains, tenants }: Domains): readonly Tenant[] {
  if (tenants.length > 0) return tenants.map(({ id, domains: owned }) => ({ id, domains: owned }));
  return domains.length === 0 ? [] : [{ id: "", domains: domains.map(({ name }) => name) }];
}
