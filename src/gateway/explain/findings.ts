/**
 * What is odd in a header: results that contradict each other or their own reason, codes that nobody documents, words that need
 * their story told, fields that are not where their author would have put them. Each is one sentence or two, for the reader.
 */
import { disagreements } from "./disagreements.ts";
import type { ExchangeFacts } from "./exchange-facts.ts";
import { factValue } from "./exchange-facts.ts";
import type { Way } from "./hops.ts";
import { actionOf, domainOf, wordOf } from "./meaning.ts";
import { reportFacts } from "./own-report.ts";
import { organizationOf } from "./provider.ts";
import type { ReadHeaders } from "./read-headers.ts";
import { type SignatureField, sealerOf } from "./signature-fields.ts";
import { isBelievable, type Statement } from "./statements.ts";
import { type Heard, resultOf, type ToldVerdict } from "./verdict-told.ts";

/** A finding says what is odd, a fix what somebody can do. */
export type Note = {
  readonly id: string;
  readonly kind: "finding" | "fix";
  readonly who: "reader" | "sender" | "recipient";
  readonly text: string;
};

/** Everything an account is made of. */
export type Seen = {
  readonly read: ReadHeaders;
  readonly way: Way;
  readonly statements: readonly Statement[];
  readonly heard: Heard;
  readonly verdict: ToldVerdict;
  readonly filter: ExchangeFacts;
  readonly signatures: readonly SignatureField[];
};

export function findingsOf(seen: Seen): readonly Note[] {
  const said: readonly (readonly [id: string, text: string] | null)[] = [
    ...disagreements(seen),
    undocumented(seen),
    overridden(seen),
    sampled(seen),
    keyTimeout(seen),
    arcTrust(seen),
    ...filtered(seen),
    acted(seen),
    skipListed(seen),
    ...places(seen),
    ...seen.read.remarks.map((text) => ["reading", text] as const),
  ];
  return said.flatMap((one) => (one === null ? [] : [{ id: one[0], kind: "finding", who: "reader", text: one[1] } as const]));
}

type Finding = readonly [id: string, text: string] | null;

function undocumented({ verdict }: Seen): Finding {
  const { reason, known, documented } = verdict;
  if (reason === null) return null;
  if (known === "code" && documented === "seen")
    return ["undocumented", `reason=${reason} is documented by nobody; it is only seen in real mail.`];
  if (known === "family")
    return ["undocumented", `reason=${reason} is documented by nobody; what is told of it is what its family ${reason.charAt(0)}xx means.`];
  return known === "unknown" ? ["undocumented", `reason=${reason} is no known reason code.`] : null;
}

/** Microsoft's `oreject`: what it means is told differently over the years; that the mail is here is what counts. */
function overridden({ heard }: Seen): Finding {
  const dmarc = resultOf(heard, "dmarc");
  const action = dmarc === null ? null : actionOf(dmarc);
  if (action !== "oreject" && action !== "o.reject") return null;
  return [
    "oreject",
    `action=${action}: the domain asks to reject such mail (p=reject), and the receiver did not: it delivered the message, mostly as junk.`,
  ];
}

function sampled({ heard }: Seen): Finding {
  const dmarc = resultOf(heard, "dmarc");
  const action = dmarc === null ? null : actionOf(dmarc);
  if (action !== "pct.reject" && action !== "pct.quarantine") return null;
  return [
    "pct",
    `action=${action}: the domain's pct tag asks for its policy on a share of its mail only, and the draw spared this message.`,
  ];
}

function keyTimeout({ heard }: Seen): Finding {
  const late = heard.results.find(({ method, result }) => method === "dkim" && result === "timeout");
  if (late === undefined) return null;
  return [
    "dkim-timeout",
    `dkim=timeout is no word of the standard's: the key of ${domainOf(late) ?? "the signer"} could not be fetched in time, so the signature was not judged.`,
  ];
}

/** `arc=pass (0 oda=1 …)`, in an ARC set of the receiver's own or in its results. */
function arcTrust(seen: Seen): Finding {
  const { statements, verdict, signatures } = seen;
  const arcs = statements.filter(isBelievable).flatMap(({ results }) => results.filter(({ method }) => method === "arc"));
  const comment = arcs.map(({ comments }) => comments.join(" ").slice(0, 500)).join(" ");
  const passed = arcs.some((arc) => wordOf(arc) === "pass");
  if (passed && /\boda=1\b/.test(comment))
    return [
      "arc-trusted",
      "arc=pass with oda=1: the last sealer is on the receiver's list of trusted sealers, so its word may stand for a DMARC that failed here.",
    ];
  const sealer = signatures.find(({ kind }) => kind === "arc-seal")?.domain ?? "the sealer";
  if (passed && /\boda=0\b/.test(comment) && verdict.answer === "fail")
    return [
      "arc-untrusted",
      `arc=pass with oda=0: the chain is sound, but ${sealer} is not on the receiver's list of trusted sealers, so it did not help.`,
    ];
  const before = passedBefore(seen);
  if (passed && before !== null && verdict.answer !== "pass")
    return [
      "arc-forwarded",
      `${before} says that DMARC passed before it forwarded the message, and the receiver found the ARC chain sound. What is left is whether ${before} is to be believed.`,
    ];
  const broken = signatures.some(({ kind, cv }) => kind === "arc-seal" && cv === "fail");
  return broken ? ["arc-broken", "A forwarder found the ARC chain broken (cv=fail): nothing that was sealed before counts."] : null;
}

/**
 * The domain that sealed a set which says dmarc=pass: its seal's, since a set may carry any name. Null without one, or where the
 * receiver did not find the chain sound.
 */
export function passedBefore({ statements, signatures }: Pick<Seen, "statements" | "signatures">): string | null {
  const set = statements.find(
    ({ trust, results }) => trust === "sealed" && results.some((one) => one.method === "dmarc" && wordOf(one) === "pass"),
  );
  return set === undefined ? null : (sealerOf(set.instance, signatures) ?? "a forwarder");
}

function filtered({ filter, verdict }: Seen): readonly Finding[] {
  if (!filter.believed && filter.facts.length > 0)
    return [
      ["filter-claim", "Fields of Microsoft's filter are there, but the receiver is another: they are claims, and told in --json only."],
    ];
  const category = factValue(filter, "CAT");
  const way = factValue(filter, "SFV");
  const level = factValue(filter, "SCL");
  const word = (key: string) => filter.facts.find((one) => one.key === key)?.meaning ?? null;
  const skipped = level?.startsWith("-") === true || ["SKI", "SKN", "SKA", "SFE"].includes(way?.toUpperCase() ?? "");
  const tip = factValue(filter, "SFTY");
  return [
    skipped
      ? [
          "filter-skipped",
          `Filtering was skipped (${[level === null ? null : `SCL ${level}`, way === null ? null : `SFV:${way}`].filter((part) => part !== null).join(", ")}): ${word("SFV") ?? "spam filtering was skipped"}.`,
        ]
      : null,
    factValue(filter, "IPV")?.toUpperCase() === "CAL" ? ["ip-allowed", `IPV:CAL: ${word("IPV") ?? ""}.`] : null,
    category !== null && category.toUpperCase() !== "NONE"
      ? ["category", `Microsoft's filter put it under CAT:${category} (${word("CAT") ?? "a word nobody documents"}).`]
      : null,
    tip === null ? null : ["safety-tip", `Safety tip SFTY:${tip}: ${word("SFTY") ?? "a number nobody documents"}.`],
    verdict.answer === "fail" && category?.toUpperCase() === "NONE" && !skipped
      ? [
          "not-acted",
          "The check failed and the filter still put the message under no category (CAT:NONE): compauth=fail alone moves nothing.",
        ]
      : null,
    filter.copies > 0
      ? ["filter-copies", "Filter fields stand there more than once; only the first of each is told, the others may be anybody's."]
      : null,
  ];
}

/** What Assay did, by its report, where the place of the report can be believed. */
function acted({ read, statements }: Seen): Finding {
  const report = statements.find(({ kind }) => kind === "report");
  if (report === undefined || !isBelievable(report)) return null;
  const facts = reportFacts(read.fields).filter(({ meaning }) => meaning !== null);
  return facts.length === 0 ? null : ["acted", `Assay's report says: ${facts.map(({ meaning }) => meaning).join("; ")}.`];
}

function skipListed({ filter, heard, way }: Seen): Finding {
  const skip = factValue(filter, "skip-listed");
  if (skip !== null)
    return [
      "skip-listed",
      `Another gateway stands in front; with enhanced filtering the results are about ${skip}, the client that gateway saw.`,
    ];
  const gateway = way.hops.find((hop, i) => hop.side === "claim" && hop.provider?.id === "gateway" && way.hops[i - 1]?.side === "edge");
  if (gateway === undefined || heard.statement?.trust !== "receiver") return null;
  return [
    "gateway",
    `The message came through ${gateway.provider?.name ?? "a gateway"}: SPF was checked for the gateway's address, and changes it made break DKIM.`,
  ];
}

function places({ statements, verdict, heard, signatures, way }: Seen): readonly Finding[] {
  const below = statements.filter(({ kind, trust }) => kind === "current" && trust === "claim");
  const isReceivers = ({ by }: Statement): boolean => way.receivers.has(organizationOf(by) ?? "");
  const forged = below.find(isReceivers);
  const strangers = below.filter((one) => !isReceivers(one)).map(({ by, provider }) => by ?? provider?.name ?? "nobody");
  const names = [...new Set(strangers)].slice(0, 3).join(", ");
  const none = "No field here says what a receiving server found (Authentication-Results, Received-SPF or an ARC set).";
  const cut = statements.reduce((sum, { unreadable }) => sum + unreadable, 0);
  return [
    statements.length === 0
      ? ["no-results", `${none} Give the whole header; or the whole message to assay check, which verifies it anew.`]
      : null,
    forged === undefined
      ? null
      : [
          "forged-copy",
          `Results in the name of ${forged.by ?? ""} stand below the border, where the servers of ${[...way.receivers].join(", ")} do not write: take them for forged.`,
        ],
    verdict.answer === "unknown" && names !== ""
      ? [
          "only-claims",
          `The receiving server left no results of its own. Those by ${names} are claims; if that server is yours, leave out the lines above its Received field and ask again.`,
        ]
      : null,
    heard.statement?.trust === "nameless" && way.edge !== null
      ? [
          "no-hop-vouches",
          `The results name ${heard.statement.by ?? "nobody"}, but the servers beneath belong to ${[...way.receivers].join(", ") || "nobody named"}: no hop vouches for them.`,
        ]
      : null,
    statements.some(({ kind }) => kind === "kept")
      ? [
          "kept-copy",
          "Copies of earlier results are kept under other names; they tell what another server found, and no place vouches for them.",
        ]
      : null,
    signatures.some(({ kind }) => kind === "google")
      ? ["google-signature", "X-Google-DKIM-Signature is Google's own bookkeeping and says nothing of the author."]
      : null,
    cut > 0
      ? ["unreadable", `${cut} part${cut === 1 ? "" : "s"} of the result fields could not be read: redacted, cut off, or no known form.`]
      : null,
  ];
}
