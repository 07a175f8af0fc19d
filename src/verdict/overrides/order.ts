/**
 * The fixed order of overrides, as a table an operator can print and diff (reference: eop.md §5; conflicts between its sources:
 * docs/decisions/0013-override-order.md). The first entry in this order that lifts what stands against a message is the one that is
 * said to have applied. Data and its printer: what is not in a row's `lifts` is never lifted by it.
 */
import type { Objection, OverrideKind, OverrideScope } from "./scope.ts";

export type OrderRow = {
  readonly place: number;
  readonly kind: OverrideKind;
  readonly action: "allow" | "block";
  /** before: decides on client, envelope or recipient, and `decide` reads it. after: sets override and action, never compauth. */
  readonly runs: "before" | "after" | "either";
  readonly scopes: readonly OverrideScope[];
  readonly lifts: readonly Objection[];
  /** What it needs besides a match. */
  readonly needs: string;
  /** Where the sources say so. */
  readonly source: string;
};

const judgement: readonly Objection[] = ["dmarc", "spoof", "undecided"];
const filtering: readonly Objection[] = ["suspicion", "phish", "spam"];

export const overrideOrder: readonly OrderRow[] = [
  {
    place: 1,
    kind: "filter",
    action: "block",
    runs: "after",
    scopes: ["action"],
    lifts: [],
    needs: "a listed filter's field; malware and high-confidence phish always win",
    source: "SAFE24, PREC26",
  },
  {
    place: 2,
    kind: "ip-block",
    action: "block",
    runs: "after",
    scopes: ["action"],
    lifts: [],
    needs: "no IP allow entry for the client",
    source: "CF26, NDR24",
  },
  {
    place: 3,
    kind: "pair",
    action: "block",
    runs: "before",
    scopes: ["spoof"],
    lifts: [],
    needs: "the message does not authenticate as the From domain, or the entry says even_if_authenticated",
    source: "PREC26, TABL26",
  },
  {
    place: 4,
    kind: "sender",
    action: "block",
    runs: "after",
    scopes: ["action"],
    lifts: [],
    needs: "From or MAIL FROM",
    source: "PREC26, TABL26",
  },
  {
    place: 5,
    kind: "rule",
    action: "block",
    runs: "after",
    scopes: ["action"],
    lifts: [],
    needs: "the first rule that matches and decides",
    source: "PREC26",
  },
  {
    place: 6,
    kind: "pair",
    action: "allow",
    runs: "after",
    scopes: ["spoof"],
    lifts: judgement,
    needs: "a verified DKIM domain, a confirmed PTR or, without a PTR, the prefix",
    source: "SAFE24 1, SECOPS26",
  },
  {
    place: 7,
    kind: "sender",
    action: "allow",
    runs: "after",
    scopes: ["spoof"],
    lifts: filtering,
    needs: "the message authenticates as the From domain",
    source: "SAFE24 1",
  },
  {
    place: 8,
    kind: "recipient",
    action: "allow",
    runs: "before",
    scopes: ["authentication"],
    lifts: judgement,
    needs: "the recipient's address",
    source: "design: compauth.md row 3",
  },
  {
    place: 9,
    kind: "rule",
    action: "allow",
    runs: "either",
    scopes: ["from-validation", "authentication", "spoof"],
    lifts: [...judgement, ...filtering],
    needs: "an anchor that strangers cannot forge; each scope lifts its own: authentication dmarc, spoof all of the verdict",
    source: "SAFE24 2, FROM24",
  },
  {
    place: 10,
    kind: "safe-sender",
    action: "allow",
    runs: "after",
    scopes: ["spoof"],
    lifts: ["rule-block", ...judgement, ...filtering],
    needs: "From; a domain, or a From domain of the organization's own, only if the message authenticates",
    source: "SAFE24 3, PREC26",
  },
  {
    place: 11,
    kind: "ip-allow",
    action: "allow",
    runs: "before",
    scopes: ["from-validation", "authentication"],
    lifts: ["ip-block", ...judgement, ...filtering],
    needs: "the client's address",
    source: "SAFE24 4, CF26, FROM24",
  },
  {
    place: 12,
    kind: "domain",
    action: "allow",
    runs: "after",
    scopes: ["spoof"],
    lifts: [...judgement, ...filtering],
    needs: "the message authenticates as the From domain",
    source: "SAFE24 5",
  },
  {
    place: 13,
    kind: "domain",
    action: "block",
    runs: "after",
    scopes: ["action"],
    lifts: [],
    needs: "From",
    source: "PREC26",
  },
  {
    place: 14,
    kind: "forwarder",
    action: "allow",
    runs: "after",
    scopes: ["spoof"],
    lifts: judgement,
    needs: "CIDR, confirmed PTR suffix or DKIM d=, for the recipient's domain; the failure looks like forwarding",
    source: "design: compauth.md, ours",
  },
];

/** The row of an entry: every kind that can be matched has one. */
export function orderOf(kind: OverrideKind, action: "allow" | "block"): OrderRow | null {
  return overrideOrder.find((row) => row.kind === kind && row.action === action) ?? null;
}

/** What no entry lifts, whoever wrote it. */
export const neverLifted: readonly (Objection | "ipv6-gate")[] = [
  "malware",
  "high-confidence-phish",
  "pair-block",
  "sender-block",
  "several-authors",
  "rule-reject",
  "ipv6-gate",
];

/** The table as Markdown, one line a row. */
export function printOverrideOrder(): string {
  const lines = overrideOrder.map(({ place, kind, action, runs, scopes, lifts, needs }) =>
    ["", ` ${place} `, ` ${kind} ${action} `, ` ${runs} `, ` ${scopes.join(", ")} `, ` ${lifts.join(", ") || "–"} `, ` ${needs} `, ""].join(
      "|",
    ),
  );
  return ["| # | override | decide | scopes | lifts | needs |", "| --- | --- | --- | --- | --- | --- |", ...lines].join("\n");
}
