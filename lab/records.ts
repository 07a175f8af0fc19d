/** Who publishes which SPF record on which day: the population's domains, the providers', the relayers', and those spoofers register. */
import type { Host } from "./network.ts";
import { type Organization, phaseOn, type Relayer, type SpfRecord } from "./organization.ts";
import type { Population } from "./population.ts";

export class Records {
  readonly #organizations = new Map<string, Organization>();
  readonly #fixed = new Map<string, SpfRecord>();

  constructor({ organizations, providers, forwarders, lists }: Population) {
    for (const organization of organizations) this.#organizations.set(organization.name, organization);
    for (const provider of Object.values(providers).flat()) {
      if (provider.relays.length === 0) continue;
      this.#fixed.set(`bounces.${provider.domain}`, { hosts: new Set(), providers: new Set([provider]), all: "fail" });
    }
    for (const relayer of [...forwarders, ...lists]) this.#relayer(relayer);
  }

  /** Null where the domain has no record, or nobody knows it. */
  spfOf(domain: string, day: number): SpfRecord | null {
    const fixed = this.#fixed.get(domain);
    if (fixed !== undefined) return fixed;
    const organization = this.#organizations.get(domain.replace(/^(?:bounce|news)\./, ""));
    return organization === undefined ? null : (phaseOn(organization, day)?.spf ?? null);
  }

  /** A domain that a spoofer registers for his hosts. */
  register(domain: string, hosts: readonly Host[]): void {
    this.#fixed.set(domain, { hosts: new Set(hosts.map(({ ip }) => ip)), providers: new Set(), all: "fail" });
  }

  #relayer({ domain, host }: Relayer): void {
    this.#fixed.set(domain, { hosts: new Set([host.ip]), providers: new Set(), all: "fail" });
    this.#fixed.set(host.helo, { hosts: new Set([host.ip]), providers: new Set(), all: "fail" });
  }
}
