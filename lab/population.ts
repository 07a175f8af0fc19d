/**
 * The population of one simulation: drawn once from a mix and a seed. Domain names are made up below .example (RFC 2606).
 * Volumes follow a Zipf-like law: a few domains write most of the mail, and many write once.
 */
import { calendar, type Mix } from "./mix.ts";
import { type Host, Network, type Provider } from "./network.ts";
import type { Forwarder, List, Organization, OrganizationKind, Phase, Relayer, Source, SpfRecord } from "./organization.ts";
import { between, chance, pick, pickWeighted, type Random, seeded } from "./random.ts";

export type Population = {
  readonly mix: Mix;
  readonly network: Network;
  readonly recipients: readonly string[];
  readonly organizations: readonly Organization[];
  readonly providers: Providers;
  readonly forwarders: readonly Forwarder[];
  /** Which forwarder a recipient has mail sent on from, by place in `recipients`. */
  readonly forwarderOf: readonly (Forwarder | null)[];
  /** Recipients behind the organization's scanner. */
  readonly scanned: ReadonlySet<string>;
  readonly lists: readonly List[];
  /** d= of the sealers that the operator lists. */
  readonly trustedSealers: readonly string[];
};

export type Providers = Readonly<Record<"mailboxes" | "bulk" | "hosting" | "gateway" | "access", readonly Provider[]>>;

export const ourDomain = "receiver.example";
const recipientCount = 300;
const days = calendar.learningDays + calendar.countedDays;

export function populate(mix: Mix, seed: number): Population {
  const random = seeded(seed, "population");
  const network = new Network(random);
  const providers = makeProviders(network);
  const recipients = Array.from({ length: recipientCount }, (_, i) => `user${i}@${ourDomain}`);
  const builder: Builder = { mix, random, network, providers, recipients };
  const organizations = Array.from({ length: Math.round(mix.domains) }, (_, index) => organization(builder, index));
  const forwarders = Array.from({ length: 40 }, (_, i) => forwarder(builder, i));
  const lists = Array.from({ length: 60 }, (_, i) => list(builder, i));
  return {
    mix,
    network,
    recipients,
    organizations,
    providers,
    forwarders,
    forwarderOf: recipients.map(() => (chance(random, 0.3) ? pick(random, forwarders) : null)),
    scanned: new Set(recipients.filter(() => chance(random, mix["inbound-scanner"]))),
    lists,
    trustedSealers: [...forwarders, ...lists].filter(({ trusted }) => trusted).map(({ domain }) => domain),
  };
}

type Builder = {
  readonly mix: Mix;
  readonly random: Random;
  readonly network: Network;
  readonly providers: Providers;
  readonly recipients: readonly string[];
};

function makeProviders(network: Network): Providers {
  const several = (kind: keyof Providers, count: number): Provider[] =>
    Array.from({ length: count }, (_, i) => network.provider(kind, `${kind}${i}.example`));
  return {
    mailboxes: several("mailboxes", 6),
    bulk: several("bulk", 14),
    hosting: several("hosting", 20),
    gateway: several("gateway", 5),
    access: several("access", 8),
  };
}

function organization(builder: Builder, index: number): Organization {
  const { mix, random, network, recipients } = builder;
  const kind = kindOf(builder, index);
  const name = `${words[index % words.length]}${index}.example`;
  const enforced = kind !== "never" && kind !== "webmail" && !chance(random, mix.unprotected * (kind === "bulk" ? 0.6 : 1.1));
  const policy = enforced ? pick(random, ["quarantine", "reject"] as const) : policyOfUnprotected(builder, kind);
  const draft = { kind, name, enforced };
  const firstDay = chance(random, mix.newcomers) ? between(random, 1, days - 1) : 0;
  const movesOn = kind !== "webmail" && chance(random, mix.moves) ? between(random, firstDay + 1, days) : null;
  const phases = movesOn === null ? phasesOf(builder, draft, firstDay) : movedPhases(builder, draft, [firstDay, movesOn]);
  const strays = !enforced && kind !== "never" && kind !== "webmail" && chance(random, mix.strays);
  const home = phases[0]?.sources[0]?.hosts[0];
  return {
    index,
    kind,
    name,
    author: kind === "bulk" && chance(random, 0.3) ? `news.${name}` : name,
    policy,
    weight: volume(random, kind),
    phases,
    movesOn,
    stray: strays ? { day: between(random, 0, days - 1), source: stray(builder, name) } : null,
    mx: home !== undefined && isOwn(home) && chance(random, 0.7) ? [home] : [],
    web: [network.server(`www.${name}`, pick(random, builder.providers.hosting))],
    recipients: Array.from({ length: kind === "webmail" ? 120 : between(random, 1, kind === "bulk" ? 60 : 10) }, () =>
      pick(random, recipients),
    ),
    corresponds: kind === "webmail" || (kind === "partner" && chance(random, 0.7)) || (kind === "never" && chance(random, 0.6)),
  };
}

/** A server of the domain's own, not a provider's relay. */
function isOwn({ provider }: Host): boolean {
  return provider === null || provider.relays.length === 0;
}

const words = [
  "amber",
  "birch",
  "cedar",
  "delta",
  "ember",
  "fjord",
  "grove",
  "heron",
  "iris",
  "juniper",
  "krill",
  "lotus",
  "maple",
  "nectar",
];

function kindOf({ mix, random }: Builder, index: number): OrganizationKind {
  if (index < 6) return "webmail";
  if (chance(random, mix["never-authenticating"])) return "never";
  return chance(random, 0.3) ? "bulk" : "partner";
}

function policyOfUnprotected({ mix, random }: Builder, kind: OrganizationKind): Organization["policy"] {
  // The large webmail domains publish p=none, so that their users can write to mailing lists.
  if (kind === "webmail") return "none";
  return kind === "never" || chance(random, mix["no-dmarc"]) ? null : "none";
}

/** A few domains write most of the mail; a third of them hardly ever. */
function volume(random: Random, kind: OrganizationKind): number {
  if (kind === "webmail") return 12;
  if (chance(random, 0.35)) return 0.01 + random() * 0.03;
  const zipf = 8 / (1 + Math.floor(random() * 60)) ** 0.8;
  return kind === "bulk" ? zipf * 1.5 : kind === "never" ? zipf * 0.3 : zipf;
}

type Draft = { readonly kind: OrganizationKind; readonly name: string; readonly enforced: boolean };

function phasesOf(builder: Builder, draft: Draft, day: number): readonly Phase[] {
  const style = styleOf(builder, draft);
  const sources = sourcesOf(builder, draft, style);
  return [{ day, sources, spf: style.spf ? spfFor(builder, sources) : null }];
}

/** Old hosts, then new ones; where the move goes wrong, at first with the old records and no signature. */
function movedPhases(builder: Builder, draft: Draft, [firstDay, day]: readonly [number, number]): readonly Phase[] {
  const { mix, random } = builder;
  const style = styleOf(builder, draft);
  const before = sourcesOf(builder, draft, style);
  const after = sourcesOf(builder, draft, style);
  const old: Phase = { day: firstDay, sources: before, spf: style.spf ? spfFor(builder, before) : null };
  const right: Phase = { day, sources: after, spf: style.spf ? spfFor(builder, after) : null };
  if (draft.enforced || !chance(random, mix["broken-moves"])) return [old, right];
  const broken: Phase = { day, sources: after.map((source) => ({ ...source, signers: [] })), spf: old.spf };
  return [old, broken, { ...right, day: day + between(random, 1, 5) }];
}

type Style = { readonly spf: boolean; readonly dkim: boolean };

function styleOf({ mix, random }: Builder, { kind, enforced }: Draft): Style {
  if (kind === "never") return { spf: false, dkim: false };
  if (kind === "webmail") return { spf: true, dkim: true };
  if (chance(random, mix[enforced ? "spf-only-enforced" : "spf-only"])) return { spf: true, dkim: false };
  return { spf: chance(random, 0.94), dkim: true };
}

function sourcesOf(builder: Builder, draft: Draft, { dkim }: Style): readonly Source[] {
  const { random, providers, network, mix } = builder;
  const { kind, name } = draft;
  const signers = dkim ? [name] : [];
  if (kind === "webmail") return [{ hosts: network.provider("mailboxes", name).relays, envelope: name, signers }];
  if (kind === "bulk") return [bulkSource(builder, name, signers)];
  if (kind !== "never" && chance(random, mix.gateways)) {
    return [{ hosts: shared(random, pick(random, providers.gateway)), envelope: name, signers }];
  }
  const home = pickWeighted<"mailboxes" | "hosting" | "access" | "own">(random, [
    [kind === "never" ? 0 : 60, "mailboxes"],
    [20, "hosting"],
    [kind === "never" ? 15 : 5, "access"],
    [20, "own"],
  ]);
  if (home === "mailboxes") {
    const provider = pick(random, providers.mailboxes);
    return [{ hosts: shared(random, provider), envelope: name, signers: dkim && chance(random, 0.3) ? [name, provider.domain] : signers }];
  }
  const server = network.server(`mail.${name}`, home === "own" ? null : pick(random, providers[home]));
  return [{ hosts: [server], envelope: name, signers }];
}

/** Newsletters: by a bulk sender, which signs too and takes the bounces, or bounces go to a name of the domain's own. */
function bulkSource({ random, providers }: Builder, name: string, signers: readonly string[]): Source {
  const provider = pick(random, providers.bulk);
  // Without a signature of its own only its own name in the envelope speaks for the domain.
  const envelope = signers.length > 0 && chance(random, 0.5) ? `bounces.${provider.domain}` : `bounce.${name}`;
  return { hosts: shared(random, provider), envelope, signers: [...signers, provider.domain] };
}

/** A customer's mail leaves by some of the provider's relays. */
function shared(random: Random, { relays }: Provider): readonly Host[] {
  const count = Math.min(relays.length, 9);
  return Array.from({ length: count }, () => pick(random, relays));
}

function spfFor({ random }: Builder, sources: readonly Source[]): SpfRecord {
  const hosts = sources.flatMap((source) => source.hosts);
  const providers = hosts.map(({ provider }) => provider).filter((provider) => provider !== null && provider.relays.length > 0);
  return {
    hosts: new Set(hosts.map(({ ip }) => ip)),
    providers: new Set(providers.filter((provider) => provider !== null)),
    all: chance(random, 0.5) ? "fail" : "softfail",
  };
}

/** The web server's forms, the billing service, a branch's printer: legitimate, and in no record. */
function stray({ random, network, providers }: Builder, name: string): Source {
  const kind = pickWeighted<"own" | "hosting" | "bulk" | "access">(random, [
    [35, "own"],
    [25, "hosting"],
    [30, "bulk"],
    [10, "access"],
  ]);
  if (kind === "bulk") {
    const provider = pick(random, providers.bulk);
    return { hosts: shared(random, provider), envelope: `bounces.${provider.domain}`, signers: [provider.domain] };
  }
  const provider = kind === "own" ? null : pick(random, providers[kind]);
  const host = kind === "own" ? network.server(`www.${name}`, null) : network.rented(provider, { name: `web.${provider?.domain ?? name}` });
  return { hosts: [host], envelope: chance(random, 0.5) ? name : host.helo, signers: [] };
}

function relayer({ random, network, providers, mix }: Builder, domain: string): Relayer {
  const host = network.server(`mx.${domain}`, chance(random, 0.5) ? pick(random, providers.hosting) : null);
  const seals = chance(random, mix.arc);
  return { domain, host, seals, trusted: seals && chance(random, mix["trusted-sealers"]) };
}

function forwarder(builder: Builder, index: number): Forwarder {
  return { ...relayer(builder, `alumni${index}.example`), srs: chance(builder.random, builder.mix.srs) };
}

function list(builder: Builder, index: number): List {
  const { random, mix } = builder;
  const domain = `lists${index}.example`;
  return {
    ...relayer(builder, domain),
    listId: `talk.${domain}`,
    changes: chance(random, mix["list-changes"]) ? pick(random, ["body", "subject and body"] as const) : "nothing",
    mungesAlways: chance(random, mix["munge-always"]),
    signs: chance(random, 0.7),
  };
}
