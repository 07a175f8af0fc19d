/**
 * Those who spoof, as campaigns: each has its hosts, its victims and a way of authenticating something else than what it claims.
 * They know what anybody can know (who hosts whom, what is published), and nothing of the receiver's history.
 */
import { forwarded } from "./carriage.ts";
import { type Delivery, find, type Signature } from "./delivery.ts";
import { type AttackKind, type Inbound, transactionOf } from "./message.ts";
import type { Host, Provider } from "./network.ts";
import { isEnforced, type Organization, phaseOn } from "./organization.ts";
import { ourDomain, type Population } from "./population.ts";
import { between, chance, pick, pickWeighted, type Random, weightedIndex } from "./random.ts";
import type { Records } from "./records.ts";

/** Whom From names: a domain of the population, or one that nobody here has seen. */
type Victim = Pick<Organization, "author" | "policy" | "mx" | "web"> & { readonly organization: Organization | null };

/** What a campaign hands over, whoever it claims to be. */
type Means = Pick<Delivery, "host" | "envelope" | "signatures">;

type Campaign = {
  readonly attack: AttackKind;
  /** The domain that the spoofer registered. */
  readonly domain: string;
  readonly hosts: readonly Host[];
  readonly victims: readonly Victim[];
  readonly means: (host: Host, victim: Victim) => Means;
  left: number;
};

/** One that waits: harmless mail in the victim's name, or in his own, until the day he strikes. */
type Patient = Campaign & {
  readonly beginsOn: number;
  readonly strikesOn: number;
  readonly recipients: readonly string[];
  readonly answered: boolean;
  readonly openly: boolean;
};

const campaignsMax = 12;
const strikeDays = 3;
const strikesADay = 10;

export class Spoofers {
  readonly #population: Population;
  readonly #records: Records;
  readonly #random: Random;
  readonly #victim: (random: Random) => number;
  readonly #active = new Map<AttackKind, Campaign[]>();
  readonly #patients: readonly Patient[];
  readonly #today: (() => Inbound)[] = [];
  #day = -1;
  #registered = 0;
  #asked = 0;

  /** `patients`: how many strike in the whole time; `days`: how long it is. */
  constructor(population: Population, records: Records, plan: { random: Random; patients: number; days: number }) {
    this.#population = population;
    this.#records = records;
    this.#random = plan.random;
    this.#victim = weightedIndex(population.organizations.map(({ weight }) => Math.sqrt(weight)));
    this.#patients = Array.from({ length: plan.patients }, () => this.#patient(between(plan.random, 0, plan.days - 1)));
  }

  /** What patient spoofers send besides today: to be mixed into the day. */
  waiting(day: number): readonly (() => Inbound)[] {
    if (day !== this.#day) {
      this.#day = day;
      this.#today.length = 0;
      for (const patient of this.#patients) this.#today.push(...this.#dayOf(patient, day));
    }
    return this.#today;
  }

  /** One spoof of the impatient kinds. */
  next(day: number): Inbound {
    const { mix } = this.#population;
    const attack = pickWeighted(this.#random, [
      [mix.fresh, "fresh"],
      [mix["own-domain"], "own-domain"],
      [mix.provider, "provider"],
      [mix.volume, "volume"],
    ] as const);
    const campaign = this.#campaign(attack, day);
    campaign.left -= 1;
    const victim = pick(this.#random, campaign.victims);
    return this.#spoof(campaign, victim, { day, recipient: pick(this.#random, this.#population.recipients) });
  }

  #campaign(attack: Exclude<AttackKind, "patient">, day: number): Campaign {
    const active = (this.#active.get(attack) ?? []).filter(({ left }) => left > 0);
    const begun = active.length < campaignsMax ? this.#begin(attack, day) : pick(this.#random, active);
    this.#active.set(attack, active.includes(begun) ? active : [...active, begun]);
    return begun;
  }

  #begin(attack: Exclude<AttackKind, "patient">, day: number): Campaign {
    switch (attack) {
      case "fresh":
        return this.#fresh(attack, { hosts: 1, victims: 1, left: between(this.#random, 1, 10) });
      case "volume":
        return this.#fresh(attack, {
          hosts: between(this.#random, 1, 3),
          victims: between(this.#random, 20, 200),
          left: between(this.#random, 100, 600),
        });
      case "own-domain":
        return this.#ownDomain();
      case "provider":
        return this.#atProvider(day);
      default:
        return attack satisfies never;
    }
  }

  #fresh(attack: AttackKind, size: { hosts: number; victims: number; left: number }): Campaign {
    const domain = this.#domain();
    const named = chance(this.#random, 0.4) ? `mta.${domain}` : null;
    const hosts = Array.from({ length: size.hosts }, () => this.#population.network.rented(null, { name: named }));
    const envelope = pickWeighted<"victim" | "other" | "null">(this.#random, [
      [60, "victim"],
      [30, "other"],
      [10, "null"],
    ]);
    const forged = chance(this.#random, 0.2);
    return {
      attack,
      domain,
      hosts,
      victims: Array.from({ length: size.victims }, () => this.#someVictim()),
      left: size.left,
      means: (host, { author }) => ({
        host,
        envelope: envelope === "null" ? null : envelope === "victim" ? author : domain,
        signatures: forged ? [{ domain: author, reason: "no-key" }] : [],
      }),
    };
  }

  /** SPF and DKIM pass, for a domain of the spoofer's. */
  #ownDomain(): Campaign {
    const { network } = this.#population;
    const domain = this.#domain();
    const hosts = Array.from({ length: between(this.#random, 1, 2) }, () => network.rented(null, { name: `mta.${domain}` }));
    this.#records.register(domain, hosts);
    return {
      attack: "own-domain",
      domain,
      hosts,
      victims: Array.from({ length: between(this.#random, 1, 4) }, () => this.#someVictim()),
      left: between(this.#random, 5, 50),
      means: (host) => ({ host, envelope: domain, signatures: [{ domain, reason: null }] }),
    };
  }

  /** A machine in the victim's hosting provider's network, or an account at the provider that relays the victim's mail. */
  #atProvider(day: number): Campaign {
    const { mix, network, providers } = this.#population;
    const domain = this.#domain();
    const victim = this.#someVictim();
    const home = this.#homeOf(victim, day);
    const provider = home?.provider ?? pick(this.#random, providers.hosting);
    const common = { attack: "provider", domain, victims: [victim], left: between(this.#random, 1, 20) } as const;
    if (provider.relays.length === 0) {
      const block = home !== null && chance(this.#random, mix["same-prefix"]) ? home.block : null;
      const host = network.rented(provider, { block, name: chance(this.#random, 0.5) ? `mta.${domain}` : null });
      const envelope = chance(this.#random, 0.6) ? victim.author : domain;
      if (envelope === domain) this.#records.register(domain, [host]);
      return { ...common, hosts: [host], means: () => ({ host, envelope, signatures: [] }) };
    }
    const host = pick(this.#random, provider.relays);
    // The relay lets a customer write any address, and the victim's record lists the relay: SPF cannot tell them apart.
    if (chance(this.#random, mix["spf-hole"]))
      return { ...common, hosts: [host], means: () => ({ host, envelope: victim.author, signatures: [] }) };
    return { ...common, hosts: [host], means: () => this.#account(host, provider, domain) };
  }

  /** A customer like any other: the provider's bounce domain and signature, or the customer's own. */
  #account(host: Host, provider: Provider, domain: string): Means {
    const signatures: Signature[] = [{ domain: provider.domain, reason: null }];
    if (chance(this.#random, 0.3)) signatures.push({ domain, reason: null });
    return { host, envelope: `bounces.${provider.domain}`, signatures };
  }

  #homeOf({ organization }: Victim, day: number): Host | null {
    if (organization === null) return null;
    return phaseOn(organization, day)?.sources[0]?.hosts[0] ?? null;
  }

  /** Half of them claim to be the victim from the first day; the others send as themselves, fully authenticated, and then strike. */
  #patient(strikesOn: number): Patient {
    const { network, mix, recipients } = this.#population;
    const domain = this.#domain();
    const host = network.rented(null, { name: `mta.${domain}` });
    const openly = chance(this.#random, 0.5);
    this.#records.register(domain, [host]);
    const envelope = openly || chance(this.#random, 0.5) ? domain : null;
    return {
      attack: "patient",
      domain,
      hosts: [host],
      victims: [this.#patientVictim()],
      means: (_, { author }) => ({ host, envelope: envelope ?? author, signatures: openly ? [{ domain, reason: null }] : [] }),
      left: 0,
      beginsOn: strikesOn - between(this.#random, 14, 35),
      strikesOn,
      recipients: Array.from({ length: between(this.#random, 3, 8) }, () => pick(this.#random, recipients)),
      answered: chance(this.#random, mix["fooled-patience"]),
      openly,
    };
  }

  #dayOf(patient: Patient, day: number): (() => Inbound)[] {
    const [victim] = patient.victims;
    if (victim === undefined || day < patient.beginsOn || day >= patient.strikesOn + strikeDays) return [];
    const strikes = day >= patient.strikesOn;
    const count = strikes ? strikesADay : between(this.#random, 0, 2);
    return Array.from({ length: count }, () => () => {
      const recipient = pick(this.#random, strikes ? this.#population.recipients : patient.recipients);
      const asHimself = !strikes && patient.openly;
      const claimed = asHimself ? { organization: null, author: patient.domain, policy: null, mx: patient.hosts, web: [] } : victim;
      const inbound = this.#spoof(patient, claimed, { day, recipient });
      // Somebody answered; the answer went to the spoofer, whose next mail refers to it.
      const references =
        patient.answered && chance(this.#random, 0.3) ? [`answer-${this.#asked++ % 5}-${patient.domain}@${ourDomain}`] : [];
      return { ...inbound, references, truth: { ...inbound.truth, counted: strikes } };
    });
  }

  /** Message-IDs that people of ours gave their answers to patient spoofers, with who was answered: known to the receiver as sent. */
  answersOn(day: number): readonly { readonly messageId: string; readonly sender: string; readonly recipient: string }[] {
    return this.#patients
      .filter(({ answered, beginsOn }) => answered && Math.max(0, beginsOn + 3) === day)
      .flatMap(({ domain, recipients }) =>
        [0, 1, 2, 3, 4].map((n) => ({
          messageId: `answer-${n}-${domain}@${ourDomain}`,
          sender: recipients[0] ?? `user0@${ourDomain}`,
          recipient: `someone@${domain}`,
        })),
      );
  }

  #spoof(campaign: Campaign, victim: Victim, { day, recipient }: { day: number; recipient: string }): Inbound {
    const { mix, recipients, forwarderOf } = this.#population;
    const spfOf = (domain: string) => this.#records.spfOf(domain, day);
    const { author, policy, mx, web } = victim;
    const means = campaign.means(pick(this.#random, campaign.hosts), victim);
    const direct: Delivery = { ...means, author, policy, mx, web, seal: null, dnsTrouble: false };
    const forwarder = chance(this.#random, mix["spoof-forwarded"]) ? (forwarderOf[recipients.indexOf(recipient)] ?? null) : null;
    const delivery = forwarder === null ? direct : forwarded(direct, forwarder, { change: "nothing", spfOf });
    const { from, evidence } = find(delivery, spfOf);
    const complained = chance(this.#random, mix.complaints);
    const route = forwarder === null ? "direct" : "forwarder";
    return {
      kind: "inbound",
      day,
      truth: { word: "spoof", attack: campaign.attack, route, counted: true, organization: victim.organization, policy, complained },
      transaction: transactionOf(delivery, [recipient], this.#population),
      from,
      evidence,
      references: [],
      listId: null,
    };
  }

  /** Mostly domains that we know, most of them without protection; some that we never saw. */
  #someVictim(): Victim {
    const wanted = this.#random();
    if (wanted < 0.1) {
      const author = `unseen${this.#registered++}.example`;
      return { organization: null, author, policy: pick(this.#random, [null, null, "none"] as const), mx: [], web: [] };
    }
    return this.#victimWhere((organization) => (wanted < 0.3 ? isEnforced(organization) : !isEnforced(organization)));
  }

  /** One worth weeks of waiting: unprotected, and often one that never authenticates. */
  #patientVictim(): Victim {
    const never = chance(this.#random, 0.4);
    return this.#victimWhere(
      (organization) => !isEnforced(organization) && (never ? organization.kind === "never" : organization.kind !== "never"),
    );
  }

  #victimWhere(fits: (organization: Organization) => boolean): Victim {
    const { organizations } = this.#population;
    let organization: Organization | undefined;
    for (let tries = 0; tries < 200; tries++) {
      organization = organizations[this.#victim(this.#random)];
      if (organization !== undefined && fits(organization)) break;
    }
    if (organization === undefined) throw new RangeError("nobody to spoof");
    return { organization, author: organization.author, policy: organization.policy, mx: organization.mx, web: organization.web };
  }

  #domain(): string {
    return `offer${this.#registered++}.example`;
  }
}
