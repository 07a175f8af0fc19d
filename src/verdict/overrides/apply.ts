/**
 * Overrides after the verdict (design: compauth.md "Overrides"; order and what each lifts: order.ts): takes the action of the table and
 * gives the one that is taken, for each recipient, with every entry that matched and whether it applied. It changes no compauth. The
 * order of calls: beforeDecision → decide → standing and action → applyOverrides; From enforcement reads fromOverrides.
 */
import type { PairEntry } from "../history.ts";
import type { Reply } from "../reply.ts";
import type { Action, Fact, Override } from "../verdict.ts";
import { beforeDecision, type Matched } from "./before.ts";
import { type ClaimInput, claimsOf, type OverridePolicy } from "./claims.ts";
import { type Resolved, resolve, severity } from "./resolve.ts";
import { isDecisive } from "./rule.ts";
import { holds } from "./rule-evaluate.ts";

/** `action` and `reply` as verdict/action.ts gives them. */
export type OverrideInput = ClaimInput & { readonly action: Action; readonly reply: Reply | null };

export type Stamp = { readonly name: string; readonly value: string };

export type Applied = {
  /** Every entry that matched; of scope from-validation none (from-enforcement.ts has those). */
  readonly overrides: readonly Override[];
  /** `smtp` is null: `reply` says what to answer. */
  readonly action: Action;
  readonly reply: Reply | null;
  /** Fields that rules add, if they hold for every recipient. */
  readonly stamps: readonly Stamp[];
  readonly facts: readonly Fact[];
};

export function applyOverrides(input: OverrideInput, matched: Matched, policy: OverridePolicy): Applied {
  const { rcptTo } = input.input.transaction;
  const recipients: readonly (string | null)[] = rcptTo.length === 0 ? [null] : rcptTo;
  const outcomes = recipients.map((recipient) => {
    const kind = input.action.perRecipient.find((one) => one.recipient === recipient)?.kind ?? input.action.kind;
    const table = { kind, reply: input.reply, withheld: input.action.withheld };
    return { recipient, ...resolve(table, claimsOf(input, matched, { recipient, policy }), input) };
  });
  const told = merged(outcomes, settledBefore(input, matched, policy));
  return {
    overrides: told.map(({ why: _, ...override }) => override),
    ...oneAction(outcomes, input.action.withheld),
    stamps: stampsOf(input, matched),
    facts: told.map(factOf),
  };
}

type Outcome = Resolved & { readonly recipient: string | null };

/** Several recipients, one reply: the mildest of their actions is answered. Where something acts, what is withheld is not done. */
function oneAction(outcomes: readonly Outcome[], tableWithheld: Action["withheld"]): Pick<Applied, "action" | "reply"> {
  const acts = outcomes.some(({ kind, withheld }) => !withheld && kind !== "deliver");
  const taken = outcomes.map((one) => (acts && one.withheld ? { ...one, kind: "deliver" as const, reply: null } : one));
  const mildest = taken.reduce((least, one) => (severity(one.kind) < severity(least.kind) ? one : least));
  const perRecipient = taken.flatMap(({ recipient, kind }) => (recipient === null ? [] : { recipient, kind }));
  const withheld = acts ? false : tableWithheld || taken.some((one) => one.withheld);
  return { action: { kind: mildest.kind, smtp: null, withheld, perRecipient }, reply: mildest.reply };
}

type Told = Resolved["overrides"][number];

/** Each entry once, applied if it did for any recipient, or before the decision. */
function merged(outcomes: readonly Resolved[], settled: ReadonlySet<string>): readonly Told[] {
  const found = new Map<string, Told>();
  for (const one of outcomes.flatMap(({ overrides }) => overrides)) {
    const name = JSON.stringify([one.kind, one.scope, one.entry]);
    const before = found.get(name);
    const applied = one.applied || before?.applied === true || settled.has(settledName(one));
    found.set(name, { ...one, applied, why: before?.why ?? one.why });
  }
  return [...found.values()];
}

/** Entries that the verdict and the standing already rest on: bypasses of row 3, blocks of row 2, and the operator's word on the pair. */
function settledBefore({ input, verdict, standing, pairs }: OverrideInput, matched: Matched, policy: OverridePolicy): ReadonlySet<string> {
  const settled = new Set<string>();
  const wanted = verdict.reason === "400" ? "ip-allow" : "rule";
  if (verdict.reason === "400" || verdict.reason === "401") {
    const bypass = beforeDecision(input, matched, policy).find(({ kind }) => kind === wanted);
    const kind = matched.lists.find(({ id }) => id === bypass?.id)?.kind ?? wanted;
    if (bypass !== undefined) settled.add(settledName({ kind, scope: "authentication", entry: bypass.id }));
  }
  const word = (action: PairEntry["action"]): void => {
    const entry = pairs.find((one) => one.action === action)?.id;
    if (entry !== undefined) settled.add(settledName({ kind: "pair", scope: "spoof", entry }));
  };
  const failed = verdict.compauth === "fail" || verdict.compauth === "softpass";
  if (verdict.reason === "704") word("confirmed");
  if (standing === "allowed" && failed) word("allow");
  return settled;
}

function settledName({ kind, scope, entry }: Omit<Override, "applied" | "by">): string {
  return JSON.stringify([kind, scope, entry]);
}

/** Of rules that hold for every recipient, since a field is shown to all of them, up to the one that decides for any. */
function stampsOf(decided: OverrideInput, { rules }: Matched): readonly Stamp[] {
  const { transaction } = decided.input;
  if (transaction.direction === "outbound") return [];
  const recipients: readonly (string | null)[] = transaction.rcptTo.length === 0 ? [null] : transaction.rcptTo;
  const stamps: Stamp[] = [];
  for (const { mode, rule } of rules) {
    if (mode !== "enforce") continue;
    const held = recipients.filter((recipient) => holds(rule.condition, { transaction, recipient, decided }));
    if (held.length === recipients.length) {
      for (const action of rule.actions) if (action.kind === "stamp") stamps.push({ name: action.name, value: action.value });
    }
    if (held.length > 0 && rule.actions.some(isDecisive)) break;
  }
  return stamps;
}

function factOf({ kind, scope, entry, by, applied, why }: Told): Fact {
  const does = applied ? (why === null ? "applied" : "would apply") : "matched, and changes nothing";
  const outcome = why === null ? does : `${does}: ${why}`;
  return {
    id: `override-${kind}`,
    fact: `${kind} entry ${entry} by ${by} (${scope}) ${outcome}`,
    value: applied,
    weight: null,
    source: "overrides",
  };
}
