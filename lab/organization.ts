/**
 * Those who write to us, and those who pass their mail on: domains with what they publish and the hosts they send from, forwarders
 * and mailing lists. Types, and the questions one asks of them on a given day.
 */
import type { Host, Provider } from "./network.ts";

/** What an SPF record comes to: whose hosts it lists, and how it ends. */
export type SpfRecord = {
  readonly hosts: ReadonlySet<string>;
  readonly providers: ReadonlySet<Provider>;
  readonly all: "fail" | "softfail";
};

/** One way in which a domain sends. */
export type Source = {
  readonly hosts: readonly Host[];
  /** Domain of MAIL FROM. */
  readonly envelope: string;
  /** d= of the signatures it puts on. */
  readonly signers: readonly string[];
};

/** From a day on: a move begins a new one, and so does the day on which records and keys are right again. */
export type Phase = { readonly day: number; readonly sources: readonly Source[]; readonly spf: SpfRecord | null };

export type OrganizationKind = "webmail" | "bulk" | "partner" | "never";

export type Organization = {
  readonly index: number;
  readonly kind: OrganizationKind;
  readonly name: string;
  /** The domain of From: the name, or one below it. */
  readonly author: string;
  /** p= of its DMARC record; null without one. */
  readonly policy: "none" | "quarantine" | "reject" | null;
  readonly weight: number;
  /** In order of days; the first day is that of its first mail. */
  readonly phases: readonly Phase[];
  /** The day on which it moves; null for most. */
  readonly movesOn: number | null;
  readonly stray: { readonly day: number; readonly source: Source } | null;
  /** Hosts that its MX records name, where it runs its own, and that of its address record. */
  readonly mx: readonly Host[];
  readonly web: readonly Host[];
  readonly recipients: readonly string[];
  /** Our people write to it, and are answered. */
  readonly corresponds: boolean;
};

export type Relayer = {
  readonly domain: string;
  readonly host: Host;
  /** Seals with ARC, and whether the operator trusts the sealer. */
  readonly seals: boolean;
  readonly trusted: boolean;
};
export type Forwarder = Relayer & { readonly srs: boolean };
export type List = Relayer & {
  readonly listId: string;
  readonly changes: "nothing" | "body" | "subject and body";
  readonly mungesAlways: boolean;
  readonly signs: boolean;
};

export function phaseOn({ phases }: Organization, day: number): Phase | null {
  let current: Phase | null = null;
  for (const phase of phases) if (phase.day <= day) current = phase;
  return current;
}

export function isEnforced({ policy }: Organization): boolean {
  return policy === "quarantine" || policy === "reject";
}
