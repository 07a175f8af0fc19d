/**
 * What Exchange Online's filter notes beside the results: X-Forefront-Antispam-Report, X-Microsoft-Antispam and the fields of skip
 * listing (reference: eop.md §3, §9), each word with its meaning. They say what was done with the message; they authenticate nobody.
 */
import { limits } from "../../base/limits.ts";
import type { Way } from "./hops.ts";
import type { HeaderField } from "./read-headers.ts";

export type ExchangeFact = {
  readonly field: string;
  readonly key: string;
  readonly value: string;
  /** Null where the word speaks for itself, or nobody documents it. */
  readonly meaning: string | null;
};

export type ExchangeFacts = {
  readonly facts: readonly ExchangeFact[];
  /** Fields of these names that are there more than once: others than the first are others' word. */
  readonly copies: number;
  /** Microsoft's servers are the receiver, or nothing says who is: then the fields are what Microsoft left there. */
  readonly believed: boolean;
};

const reports: ReadonlySet<string> = new Set(["x-forefront-antispam-report", "x-microsoft-antispam"]);
const skipped: ReadonlySet<string> = new Set(["x-ms-exchange-skiplistedinternetsender", "x-ms-exchange-externaloriginalinternetsender"]);
const level = "x-ms-exchange-organization-scl";

/**
 * Exchange Online writes these fields at the end of the header, where a place proves nothing, and replaces copies it finds; other
 * receivers leave them as they came.
 */
export function exchangeFactsOf(fields: readonly HeaderField[], { edge, receivers }: Way): ExchangeFacts {
  const seen = new Set<string>();
  const facts: ExchangeFact[] = [];
  let copies = 0;
  for (const field of fields) {
    if (!reports.has(field.name) && !skipped.has(field.name) && field.name !== level) continue;
    if (seen.has(field.name)) copies += 1;
    else facts.push(...read(field));
    seen.add(field.name);
  }
  return { facts: facts.slice(0, limits.explainStatementsMax), copies, believed: edge === null || receivers.has("microsoft") };
}

/** The value of that key; null also where the fields are no more than a claim. */
export function factValue({ facts, believed }: ExchangeFacts, key: string): string | null {
  if (!believed) return null;
  return facts.find((fact) => fact.key === key)?.value ?? null;
}

function read({ name, written, value }: HeaderField): readonly ExchangeFact[] {
  const bounded = value.slice(0, limits.receivedFieldBytesMax);
  if (name === level) return [fact(written, "SCL", bounded.trim())];
  if (skipped.has(name)) {
    const ip = /ip=\[([^\]]{2,60})\]/.exec(bounded)?.[1];
    return ip === undefined ? [] : [{ field: written, key: "skip-listed", value: ip, meaning: skipMeaning }];
  }
  return bounded.split(";").flatMap((part) => {
    const colon = part.indexOf(":");
    const key = part.slice(0, Math.max(colon, 0)).trim().toUpperCase();
    const said = part.slice(colon + 1).trim();
    return colon === -1 || said === "" || !told.has(key) ? [] : [fact(written, key, said)];
  });
}

const skipMeaning = "the true client behind a known gateway: the results are about this address";

/** Keys of use to a reader; scores of rules (SFS) and the like are left out. */
const told: ReadonlySet<string> = new Set(["CIP", "CTRY", "SCL", "IPV", "SFV", "H", "PTR", "CAT", "SFTY", "DIR", "BCL", "PCL", "SRV"]);

function fact(field: string, key: string, value: string): ExchangeFact {
  const table = words[key];
  const word = value.toUpperCase();
  const meaning = table !== undefined && Object.hasOwn(table, word) ? (table[word] ?? null) : null;
  return { field, key, value, meaning: meaning ?? (key === "SCL" ? spamLevel(value) : key === "BCL" ? bulkLevel(value) : null) };
}

function spamLevel(value: string): string | null {
  const scl = /^-?\d{1,2}$/.test(value) ? Number(value) : null;
  if (scl === null) return null;
  if (scl < 0) return "spam filtering was skipped";
  if (scl <= 1) return "not spam";
  return scl <= 6 ? "spam" : "spam, with high confidence";
}

function bulkLevel(value: string): string | null {
  const bcl = /^\d$/.test(value) ? Number(value) : null;
  if (bcl === null) return null;
  return bcl === 0
    ? "not bulk mail"
    : bcl <= 3
      ? "bulk mail, few complaints"
      : bcl <= 7
        ? "bulk mail, some complaints"
        : "bulk mail, many complaints";
}

type Words = Readonly<Record<string, string>>;

const categories: Words = {
  NONE: "no category",
  SPOOF: "spoofed: the sender is not who it claims to be",
  PHSH: "phishing",
  HPHSH: "phishing, with high confidence",
  HPHISH: "phishing, with high confidence",
  MALW: "malware",
  SPM: "spam",
  HSPM: "spam, with high confidence",
  OSPM: "spam in outbound mail",
  BULK: "bulk mail",
  BIMP: "impersonates a brand",
  DIMP: "impersonates a protected domain",
  UIMP: "impersonates a protected user",
  GIMP: "impersonates a known contact",
  INTOS: "phishing from within the organization",
  AMP: "caught by the malware policy",
  SAP: "caught by the safe-attachments policy",
  FTBP: "a blocked file type",
};

const verdicts: Words = {
  NSPM: "the spam filter found nothing",
  SPM: "the spam filter says spam",
  SKI: "filtering skipped, as for mail within the organization (newer pages: the address is on the IP allow list)",
  SKN: "filtering skipped: a mail-flow rule of the organization says so",
  SKA: "filtering skipped: an allow list of the organization's anti-spam policy says so",
  SKB: "blocked by a list of the organization's anti-spam policy",
  SKS: "marked as spam by a mail-flow rule before filtering",
  SKQ: "released from quarantine",
  SFE: "filtering skipped: the recipient's own safe senders list says so",
  BLK: "blocked by the recipient's own list",
};

const safetyTips: Words = {
  "9.1": "phishing",
  "9.11": "the organization's own domain, used from outside",
  "9.19": "impersonates a domain",
  "9.20": "impersonates a user",
  "9.21": "another organization's domain that did not authenticate",
  "9.22":
    "another organization's domain that did not authenticate (one of Microsoft's pages: and a user's safe-sender entry was overridden)",
  "9.23": "did not authenticate, and an allow entry of the organization was overridden",
  "9.24": "did not authenticate, and a mail-flow rule was overridden",
  "9.25": "first contact: this sender has not written before",
};

const words: Readonly<Record<string, Words>> = {
  CAT: categories,
  SFV: verdicts,
  SFTY: safetyTips,
  IPV: {
    CAL: "the address is on the organization's IP allow list: SPF, DKIM and DMARC do not count",
    NLI: "the address is on no reputation list",
  },
  DIR: { INB: "inbound", OUT: "outbound", INT: "within the organization" },
  PTR: { INFODOMAINNONEXISTENT: "the address has no reverse name", INFONORECORDS: "the address has no reverse name" },
  SRV: { BULK: "bulk mail" },
};
