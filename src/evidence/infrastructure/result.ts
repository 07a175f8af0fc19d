/**
 * Who runs the machine that connected, and how near it stands to the From domain (design: compauth.md rows 14, 15 and 17). Types only.
 */
import type { SpfOutcome } from "../spf/result.ts";

export type Infrastructure = {
  /** Organizational domain of the first confirmed PTR name, else of the first name; null without PTR. */
  readonly ptrOrganization: string | null;
  readonly confirmed: boolean;
  readonly generic: boolean;
  /** /24 of an IPv4 client, /48 of an IPv6 client, in CIDR form. */
  readonly prefix: string | null;
  /** Null: no history to tell. */
  readonly shared: boolean | null;
} & FromInfrastructure;

/** What DNS says of the From domain's own hosts. Asked only where nothing explicit decides; null: not asked. */
export type FromInfrastructure = {
  /** MX hosts of the From domain, one of whose addresses is the client. */
  readonly fromMxHosts: readonly string[] | null;
  /** Hosts of the From domain (itself, its MX hosts) with an address in the client's /24 or /64, those of fromMxHosts apart. */
  readonly fromNeighbours: readonly string[] | null;
  /** SPF of this client, evaluated for the From domain itself. */
  readonly fromSpf: SpfOutcome | null;
  /** A question for the hosts met a temporary error: there may be more of them. */
  readonly fromHostsUnknown: boolean;
};

export const notAsked: FromInfrastructure = { fromMxHosts: null, fromNeighbours: null, fromSpf: null, fromHostsUnknown: false };
