/**
 * What the simulated mail is made of: every share with its default, the range it is drawn from, and what it rests on. Set before
 * the model that is measured, together with the seeds of the evaluation; nothing here is tuned to a result. Shares are of 1.
 */
import { seeded } from "./random.ts";

/** Results are reported for these. The model may be tuned on any other seed, never on these. */
export const evaluationSeeds: readonly number[] = [40961, 52837, 69313];

export type Range = { readonly default: number; readonly low: number; readonly high: number; readonly meaning: string };

const range = (value: number, [low, high]: readonly [number, number], meaning: string): Range => ({ default: value, low, high, meaning });

export const ranges = {
  // Who writes to the organization.
  domains: range(2500, [1500, 4000], "domains that write to the organization"),
  unprotected: range(0.55, [0.4, 0.7], "domains without an enforced DMARC policy (surveys of 2026: 52 to 70 in 100)"),
  "no-dmarc": range(0.6, [0.4, 0.8], "of those, domains that publish no DMARC record at all"),
  "spf-only": range(0.2, [0.1, 0.3], "unprotected domains that authenticate by SPF alone"),
  "spf-only-enforced": range(0.002, [0, 0.005], "domains with an enforced policy that rest on SPF alone"),
  "never-authenticating": range(0.04, [0.01, 0.08], "domains that publish nothing and sign nothing"),
  newcomers: range(0.15, [0.05, 0.25], "domains whose first mail comes while the simulation runs"),
  moves: range(0.04, [0.01, 0.08], "domains that change server or provider while the simulation runs"),
  "broken-moves": range(0.03, [0, 0.06], "moves after which records and keys are wrong for one to five days"),
  strays: range(0.03, [0.01, 0.06], "unprotected domains that also send from a host or service which their records forget"),
  "stray-mail": range(0.01, [0.005, 0.02], "of such a domain's mail, what comes from there"),
  // How its mail arrives.
  forwarded: range(0.005, [0.002, 0.01], "legitimate mail that comes through a forwarder"),
  srs: range(0.6, [0.3, 0.9], "forwarders that rewrite the envelope sender"),
  "forwarder-changes": range(0.0005, [0, 0.002], "forwarded mail whose body the forwarder changes"),
  lists: range(0.01, [0.005, 0.02], "legitimate mail that comes through a mailing list"),
  "list-changes": range(0.6, [0.3, 0.9], "lists that change subject or body"),
  "munge-always": range(0.2, [0.1, 0.4], "lists that put their own address in From for every author, not only where DMARC asks for it"),
  "careless-lists": range(0.001, [0, 0.003], "list mail of an enforcing domain that arrives changed and under the author's From"),
  arc: range(0.5, [0.2, 0.8], "forwarders and lists that seal with ARC"),
  "trusted-sealers": range(0.5, [0.3, 0.8], "of those, the ones the operator lists as trusted"),
  gateways: range(0.1, [0.05, 0.2], "domains whose mail leaves through a scanning gateway that others use too"),
  "inbound-scanner": range(0.2, [0, 0.5], "recipients behind a scanner of the organization's, which names the true client"),
  "dns-trouble": range(0.0002, [0, 0.001], "legitimate mail whose records do not answer in time"),
  bounces: range(0.003, [0.001, 0.006], "legitimate mail that is a bounce of mail the organization sent, three in ten unsigned"),
  // Who spoofs. The five kinds are weights.
  "spoof-rate": range(0.02, [0.005, 0.05], "of all mail, what is spoofed"),
  fresh: range(0.35, [0.2, 0.5], "spoofs from a fresh host, without authentication"),
  "own-domain": range(0.25, [0.15, 0.4], "spoofs sent with full authentication of the spoofer's own domain"),
  provider: range(0.2, [0.1, 0.3], "spoofs from a host or an account rented at the victim's provider"),
  patient: range(0.08, [0.03, 0.12], "spoofs after weeks of harmless mail from the same host"),
  volume: range(0.12, [0.05, 0.2], "spoofs in bulk: many domains from few hosts"),
  "same-prefix": range(0.1, [0, 0.2], "of hosts rented at the victim's provider, those in the victim's own /24"),
  "spf-hole": range(
    0.03,
    [0, 0.08],
    "of spoofs from the victim's provider, those that leave by a relay which the victim's SPF record lists",
  ),
  "fooled-patience": range(0.1, [0, 0.3], "patient spoofers whom somebody answers, so that their mail names a Message-ID of ours"),
  "spoof-forwarded": range(0.01, [0, 0.02], "spoofs sent to a forwarder instead of to us"),
  complaints: range(0.01, [0, 0.05], "spoofs that a recipient reports"),
} as const satisfies Readonly<Record<string, Range>>;

export type MixName = keyof typeof ranges;
export type Mix = Readonly<Record<MixName, number>>;

/** A domain whose legitimate mail has authenticated this often on this many days lately has an established profile, whatever the model thinks. */
export const establishedProfile = { messages: 10, days: 5, withinDays: 60 } as const;

/** The calendar: what is learnt before results count, and what then does. Week one is the first seven days of the former. */
export const calendar = { learningDays: 60, countedDays: 60, weekOneDays: 7 } as const;

export const mixNames: readonly MixName[] = Object.keys(ranges).filter(isMixName);

export function mixOf(value: (name: MixName, range: Range) => number): Mix {
  const mix: Partial<Record<MixName, number>> = {};
  for (const name of mixNames) mix[name] = value(name, ranges[name]);
  return isWhole(mix) ? mix : defaultMix;
}

export const defaultMix: Mix = mixOf((_, { default: value }) => value);

/** Every share drawn from its range, anew for each seed. */
export function drawnMix(seed: number): Mix {
  const random = seeded(seed, "mix");
  return mixOf((_, { low, high }) => low + random() * (high - low));
}

/** `name=value,…` over a mix; a string says what is wrong. Values outside the range are refused: nothing is promised for them. */
export function changedMix(base: Mix, text: string): Mix | string {
  const changes = new Map<MixName, number>();
  for (const part of text.split(",")) {
    const [name = "", digits = ""] = part.split("=");
    if (!isMixName(name)) return `--mix: no share is called '${name}'; there are ${mixNames.join(", ")}`;
    const { low, high } = ranges[name];
    const value = digits === "" ? Number.NaN : Number(digits);
    if (!(value >= low && value <= high)) return `--mix: ${name} must be from ${low} to ${high}, not '${digits}'`;
    changes.set(name, value);
  }
  return mixOf((name) => changes.get(name) ?? base[name]);
}

export function isMixName(name: string): name is MixName {
  return Object.hasOwn(ranges, name);
}

function isWhole(mix: Partial<Record<MixName, number>>): mix is Record<MixName, number> {
  return mixNames.every((name) => mix[name] !== undefined);
}
