/**
 * Caps on how many pairs of spoof intelligence one source, and all sources of a tenant together, may open in a day: whoever invents
 * names by the thousand fills no table. Pairs that are there go on counting. A source is the client's prefix.
 */
import { limits } from "../base/limits.ts";
import { formatPrefix, parseIpAddress } from "../mail/ip-address.ts";
import type { Sighting } from "./sightings.ts";

export type SightingSources = {
  /** May this sighting open a pair? Counts it if so. `opened` says how many of the tenant were open when the counting began. */
  mayOpen(sighting: Sighting, opened: () => number): boolean;
  /** Runs `work`; where it throws, what it has counted is taken back, since the same sightings come again. */
  attempt<T>(work: () => T): T;
  /** Begins work that ends elsewhere: what is given takes back, once, what was counted since, for work that comes again. */
  begin(): () => void;
};

export function countSightingSources(): SightingSources {
  let today = -1;
  const counts = new Map<string, number>();
  let attempted: string[] | null = null;
  const count = (name: string, by: 1 | -1): void => {
    counts.set(name, (counts.get(name) ?? 0) + by);
  };
  return {
    mayOpen: (sighting, opened) => {
      if (sighting.day !== today) counts.clear();
      today = sighting.day;
      const [tenant, source] = [`tenant ${sighting.tenant}`, sourceOf(sighting)];
      if (!counts.has(tenant)) counts.set(tenant, opened());
      if ((counts.get(tenant) ?? 0) >= limits.sightingTenantPairsPerDay) return false;
      if ((counts.get(source) ?? 0) >= limits.sightingSourcePairsPerDay) return false;
      for (const name of [tenant, source]) {
        count(name, 1);
        attempted?.push(name);
      }
      return true;
    },
    begin: () => {
      const counted: string[] = [];
      attempted = counted;
      return () => {
        for (const name of counted.splice(0)) count(name, -1);
      };
    },
    attempt: (work) => {
      attempted = [];
      try {
        return work();
      } catch (error) {
        for (const name of attempted) count(name, -1);
        throw error;
      } finally {
        attempted = null;
      }
    },
  };
}

function sourceOf({ tenant, infrastructure, sample }: Sighting): string {
  const client = sample.ip === null ? null : parseIpAddress(sample.ip);
  return `source ${tenant} ${client === null ? infrastructure : formatPrefix(client)}`;
}
