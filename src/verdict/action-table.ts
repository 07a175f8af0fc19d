/**
 * The operator's table of actions (design: compauth.md "After the verdict"), as data that is printed and compared: by what the verdict
 * amounts to, and by the standing of the pair. What stands in a cell is done in the words of action.ts; strict differs in its own cells.
 */
import type { Standing } from "./verdict.ts";

/** What a verdict amounts to. */
export type VerdictRow =
  | "unverified" // fail 001, 601, 002
  | "policy-quarantine" // fail 000, 010, and several authors, under p=quarantine
  | "policy-reject" // the same under p=reject
  | "undecided" // fail while DMARC is temperror, and the published policy is to reject
  | "unanswered" // fail while DMARC is temperror, and the policy is another or not known
  | "softpass"
  | "accepted"; // pass, none

export type Cell =
  | "deliver"
  | "deliver-marked" // delivered, shown as unverified (?)
  | "junk"
  | "quarantine"
  | "quarantine-action" // what the operator wants p=quarantine to lead to
  | "reject"
  | "weighed-reject" // looks forwarded: junk; with an adverse fact: reject; else the quarantine action
  | "tempfail"
  | "junk-on-suspicion";

export type Preset = "standard" | "strict";
type Cells = Readonly<Record<Standing, Cell>>;

const standard: Readonly<Record<VerdictRow, Cells>> = {
  unverified: { allowed: "deliver", good: "deliver-marked", unknown: "deliver-marked", suspicious: "junk", blocked: "quarantine" },
  "policy-quarantine": {
    allowed: "deliver",
    good: "quarantine-action",
    unknown: "quarantine-action",
    suspicious: "quarantine-action",
    blocked: "quarantine",
  },
  "policy-reject": { allowed: "deliver", good: "weighed-reject", unknown: "weighed-reject", suspicious: "reject", blocked: "reject" },
  undecided: { allowed: "deliver", good: "tempfail", unknown: "tempfail", suspicious: "tempfail", blocked: "quarantine" },
  unanswered: { allowed: "deliver", good: "tempfail", unknown: "tempfail", suspicious: "junk", blocked: "quarantine" },
  softpass: { allowed: "deliver", good: "deliver", unknown: "deliver", suspicious: "junk", blocked: "quarantine" },
  accepted: {
    allowed: "deliver",
    good: "junk-on-suspicion",
    unknown: "junk-on-suspicion",
    suspicious: "junk-on-suspicion",
    // A block that does not say even_if_authenticated stands aside here; one that does has made the verdict fail 002.
    blocked: "deliver",
  },
};

const unverifiedStrictly: Cells = { ...standard.unverified, suspicious: "quarantine" };

export const actionTable: Readonly<Record<Preset, Readonly<Record<VerdictRow, Cells>>>> = {
  standard,
  strict: {
    ...standard,
    unverified: unverifiedStrictly,
    unanswered: { ...standard.unanswered, suspicious: "quarantine" },
    softpass: unverifiedStrictly,
  },
};

export type ActionLine = { readonly preset: Preset; readonly verdict: VerdictRow } & Cells;

/** The whole table, line by line. */
export function actionLines(): readonly ActionLine[] {
  const presets: readonly Preset[] = ["standard", "strict"];
  const rows: readonly VerdictRow[] = [
    "unverified",
    "policy-quarantine",
    "policy-reject",
    "undecided",
    "unanswered",
    "softpass",
    "accepted",
  ];
  return presets.flatMap((preset) => rows.map((verdict) => ({ preset, verdict, ...actionTable[preset][verdict] })));
}
