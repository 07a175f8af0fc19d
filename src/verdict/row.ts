/**
 * One row of the decision table (design: compauth.md): its number, its condition in words, and how it is weighed. The context holds
 * what every row may read; nothing else reaches a row, so a verdict can be computed again from an Inspection alone.
 */
import { authorOf } from "../evidence/from/author.ts";
import type { History, KnownHistory, PairEntry } from "./history.ts";
import { organizationOf } from "./organization.ts";
import type { Policy } from "./policy.ts";
import type { ReasonCode } from "./reasons.ts";
import type { DecisionInput, Fact } from "./verdict.ts";

/** What weighing a row gave: the code if it applies, and why in words. `terms`: what was summed up on the way. */
export type Weighed = {
  readonly code: ReasonCode | null;
  readonly because: string | null;
  readonly source: string;
  readonly terms?: readonly Fact[];
};

export type RowContext = {
  readonly input: DecisionInput;
  /** Null where there is no store, or it could not be read. */
  readonly history: KnownHistory | null;
  /** The operator's on this pair. */
  readonly entries: readonly PairEntry[];
  readonly policy: Policy;
};

export type Row = { readonly number: number; readonly condition: string; readonly weigh: (context: RowContext) => Weighed };

export function contextOf(input: DecisionInput, history: History | null, policy: Policy): RowContext {
  return { input, history: history?.status === "known" ? history : null, entries: history?.entries ?? none, policy };
}

const none: readonly PairEntry[] = [];

export function no(source: string, because: string | null = null): Weighed {
  return { code: null, because, source };
}

export function yes(code: ReasonCode, source: string, because: string | null = null): Weighed {
  return { code, because, source };
}

/** The one author domain (A-label) and its organization by the suffix list; null without exactly one. */
export function authorDomain({ input, policy }: RowContext): { readonly domain: string; readonly organization: string } | null {
  const author = authorOf(input.from);
  const [domain] = author.domains;
  return author.single && domain !== undefined ? { domain, organization: organizationOf(domain, policy) } : null;
}

/** No entry that would accept may exist where nobody administers the recipients' policy. */
export function mayAccept({ policy }: RowContext): boolean {
  return policy.profile !== "consumer";
}
