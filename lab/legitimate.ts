/**
 * Legitimate mail: an organization of the population writes to our people, straight or through a forwarder or a list, answers what
 * they wrote, or returns it. Findings that depend on nothing but the lane a message takes are made once and shared.
 */
import { distributed, forwarded } from "./carriage.ts";
import { type Delivery, type Found, find, type SpfOf } from "./delivery.ts";
import { type Event, type Inbound, type Route, transactionOf } from "./message.ts";
import { type Forwarder, isEnforced, type List, type Organization, phaseOn, type Source } from "./organization.ts";
import { ourDomain, type Population } from "./population.ts";
import { chance, pick, type Random, weightedIndex } from "./random.ts";
import type { Records } from "./records.ts";

/** What we wrote to an organization lately: its mail may answer or return it. */
type Written = { readonly id: string; readonly sender: string };
const writtenMax = 6;

export class LegitimateMail {
  readonly #population: Population;
  readonly #records: Records;
  readonly #random: Random;
  readonly #organization: (random: Random) => number;
  readonly #written = new Map<number, Written[]>();
  readonly #lanes = new Map<string, Found>();
  readonly #forwarding: readonly string[];
  #sent = 0;

  constructor(population: Population, records: Records, random: Random) {
    this.#population = population;
    this.#records = records;
    this.#random = random;
    this.#organization = weightedIndex(population.organizations.map(({ weight }) => weight));
    this.#forwarding = population.recipients.filter((_, i) => population.forwarderOf[i] !== null);
  }

  /** The next message of the day, with what our people write around it. */
  *next(day: number): Generator<Event> {
    const organization = this.#alive(day);
    const phase = phaseOn(organization, day);
    if (phase === null) return;
    const { mix } = this.#population;
    const written = this.#written.get(organization.index) ?? [];
    if (written.length > 0 && chance(this.#random, mix.bounces * 3)) {
      yield this.#bounce(organization, pick(this.#random, phase.sources), { day, written: pick(this.#random, written) });
      return;
    }
    const recipient = pick(this.#random, organization.recipients);
    if (organization.corresponds && chance(this.#random, 0.1)) yield this.#write(organization, recipient, day);
    yield this.#letter(organization, recipient, day);
    if (organization.corresponds && chance(this.#random, 0.2)) yield this.#write(organization, recipient, day);
  }

  #alive(day: number): Organization {
    const { organizations } = this.#population;
    for (;;) {
      const organization = organizations[this.#organization(this.#random)];
      if (organization !== undefined && (organization.phases[0]?.day ?? 0) <= day) return organization;
    }
  }

  #write(organization: Organization, sender: string, day: number): Event {
    const id = `${this.#sent++}@${ourDomain}`;
    const written = this.#written.get(organization.index) ?? [];
    this.#written.set(organization.index, [{ id, sender }, ...written].slice(0, writtenMax));
    return { kind: "outbound", day, sender, messageId: id, recipients: [`someone@${organization.author}`] };
  }

  #letter(organization: Organization, recipient: string, day: number): Event {
    const { mix } = this.#population;
    const source = this.#source(organization, day);
    const route = organization.stray?.source === source ? "stray" : "direct";
    const way = this.#random();
    if (way < mix.lists && organization.kind !== "bulk") return this.#throughList(organization, source, day);
    if (way < mix.lists + mix.forwarded) return this.#throughForwarder(organization, source, day);
    const host = pick(this.#random, source.hosts);
    const dnsTrouble = chance(this.#random, mix["dns-trouble"]);
    const lane = `${this.#lane(organization, source, day)}/${host.ip}/${dnsTrouble}`;
    const found = this.#found(lane, day, () => ({ ...this.#delivery(organization, source), host, dnsTrouble }));
    return this.#inbound(found, { organization, recipient, day, route, host: source, references: this.#references(organization) });
  }

  #source(organization: Organization, day: number): Source {
    const { stray } = organization;
    const sources = phaseOn(organization, day)?.sources ?? [];
    if (stray !== null && stray.day <= day && chance(this.#random, this.#population.mix["stray-mail"])) return stray.source;
    return pick(this.#random, sources);
  }

  #delivery({ author, policy, mx, web }: Organization, source: Source): Delivery {
    const [host] = source.hosts;
    if (host === undefined) throw new RangeError("a source without a host");
    const signatures = source.signers.map((domain) => ({ domain, reason: null }));
    return { author, policy, mx, web, host, envelope: source.envelope, signatures, seal: null, dnsTrouble: false };
  }

  #throughForwarder(organization: Organization, source: Source, day: number): Event {
    const { recipients, forwarderOf, mix } = this.#population;
    const recipient = pick(this.#random, this.#forwarding);
    const forwarder: Forwarder | null = forwarderOf[recipients.indexOf(recipient)] ?? null;
    if (forwarder === null) throw new RangeError("nobody forwards this recipient's mail");
    const change = chance(this.#random, mix["forwarder-changes"]) ? "body" : "nothing";
    const lane = `${this.#lane(organization, source, day)}/${forwarder.domain}/${change}`;
    const found = this.#found(lane, day, (spfOf) => forwarded(this.#delivery(organization, source), forwarder, { change, spfOf }));
    return this.#inbound(found, { organization, recipient, day, route: "forwarder", host: forwarder, references: [] });
  }

  #throughList(organization: Organization, source: Source, day: number): Event {
    const { lists, recipients } = this.#population;
    // An author writes to a few lists, and a recipient reads a few.
    const list = pick(
      this.#random,
      [0, 1, 2].map((n) => lists[(organization.index * 7 + n * 13) % lists.length] ?? pick(this.#random, lists)),
    );
    const recipient =
      recipients[(lists.indexOf(list) * 11 + Math.floor(this.#random() * 12) * 5) % recipients.length] ?? pick(this.#random, recipients);
    const { form, change } = this.#listForm(organization, list);
    const lane = `${this.#lane(organization, source, day)}/${list.domain}/${form}/${change}`;
    const found = this.#found(lane, day, (spfOf) => distributed(this.#delivery(organization, source), list, { form, change, spfOf }));
    return this.#inbound(found, { organization, recipient, day, route: "list", host: list, references: [] });
  }

  /** What the list does to a message: where DMARC is enforced nearly all lists either leave it alone or put themselves into From. */
  #listForm(organization: Organization, list: List): { readonly form: "kept" | "munged"; readonly change: List["changes"] } {
    if (list.mungesAlways) return { form: "munged", change: list.changes };
    if (!isEnforced(organization)) return { form: "kept", change: list.changes };
    if (chance(this.#random, this.#population.mix["careless-lists"])) return { form: "kept", change: "subject and body" };
    return { form: list.changes === "nothing" ? "kept" : "munged", change: list.changes };
  }

  /** Delivery status notifications have the null path; most servers sign them. */
  #bounce(organization: Organization, source: Source, { day, written }: { day: number; written: Written }): Event {
    const signed = isEnforced(organization) || chance(this.#random, 0.7);
    const host = pick(this.#random, source.hosts);
    const lane = `${this.#lane(organization, source, day)}/${host.ip}/bounce/${signed}`;
    const found = this.#found(lane, day, () => {
      const delivery = this.#delivery(organization, source);
      return { ...delivery, host, envelope: null, signatures: signed ? delivery.signatures : [] };
    });
    const inbound = this.#inbound(found, { organization, recipient: written.sender, day, route: "bounce", host: source, references: [] });
    return { ...inbound, evidence: { ...inbound.evidence, bounceOf: written.id } };
  }

  #references({ index, corresponds }: Organization): readonly string[] {
    const written = corresponds ? (this.#written.get(index) ?? []) : [];
    return written.length > 0 && chance(this.#random, 0.35) ? [pick(this.#random, written).id] : [];
  }

  #lane(organization: Organization, source: Source, day: number): string {
    const phase = phaseOn(organization, day);
    const place = phase === null ? "none" : `${organization.phases.indexOf(phase)}.${phase.sources.indexOf(source)}`;
    return `${organization.index}/${place}`;
  }

  #found(lane: string, day: number, delivery: (spfOf: SpfOf) => Delivery): Found {
    const known = this.#lanes.get(lane);
    if (known !== undefined) return known;
    const spfOf: SpfOf = (domain) => this.#records.spfOf(domain, day);
    const found = find(delivery(spfOf), spfOf);
    this.#lanes.set(lane, found);
    return found;
  }

  #inbound(found: Found, way: Way): Inbound {
    const { organization, recipient, day, route } = way;
    const list = "listId" in way.host ? way.host : null;
    return {
      kind: "inbound",
      day,
      truth: {
        word: "legitimate",
        attack: null,
        route,
        counted: true,
        organization: found.from.domain === organization.author ? organization : null,
        policy: found.from.domain === organization.author ? organization.policy : null,
        complained: false,
      },
      transaction: transactionOf(found.delivery, [recipient], this.#population),
      from: found.from,
      evidence: found.evidence,
      references: way.references,
      listId: list?.listId ?? null,
    };
  }
}

type Way = {
  readonly organization: Organization;
  readonly recipient: string;
  readonly day: number;
  readonly route: Route;
  readonly host: Source | Forwarder | List;
  readonly references: readonly string[];
};
