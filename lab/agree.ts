/**
 * How far `decide` agrees with real verdicts: every row is decided by the table that judges mail, with the policy below and without
 * history, and only then compared. Nothing is looked up by row.
 */
import { decide } from "../src/verdict/decide.ts";
import type { Policy } from "../src/verdict/verdict.ts";
import { readVerdictRow } from "./verdict-row.ts";

/** The contract's object: `compauth` and `reason` count rows that agree; `byReason` is keyed by the expected reason. */
export type Agreement = {
  readonly rows: number;
  readonly compauth: number;
  readonly reason: number;
  readonly byReason: Readonly<Record<string, readonly [agreed: number, rows: number]>>;
};

export type Comparison = {
  readonly agreement: Agreement;
  /** Lines that are no rows: their number, and why. */
  readonly faults: readonly { readonly line: number; readonly fault: string }[];
  /** Expected → decided, where the reasons differ, with how often. */
  readonly differences: ReadonlyMap<string, number>;
};

/** As design/compauth.md says: whose seals the rows' receiver believed; no accepted domain, no history. */
const policy: Policy = { trustedSealers: ["microsoft.com", "google.com"] };

export function agree(lines: Iterable<string>): Comparison {
  const counts = { rows: 0, compauth: 0, reason: 0 };
  const byReason = new Map<string, [number, number]>();
  const differences = new Map<string, number>();
  const faults: { line: number; fault: string }[] = [];
  let line = 0;
  for (const text of lines) {
    line += 1;
    if (text.trim() === "") continue;
    const row = readVerdictRow(text);
    if (typeof row === "string") {
      faults.push({ line, fault: row });
      continue;
    }
    const { compauth, reason } = decide(row.input, null, policy);
    const { expected } = row;
    const agreed = compauth === expected.compauth && reason === expected.reason;
    const [before, rows] = byReason.get(expected.reason) ?? [0, 0];
    byReason.set(expected.reason, [before + (agreed ? 1 : 0), rows + 1]);
    counts.rows += 1;
    if (compauth === expected.compauth) counts.compauth += 1;
    if (agreed) counts.reason += 1;
    const difference = `${expected.compauth} ${expected.reason} → ${compauth} ${reason}`;
    if (!agreed) differences.set(difference, (differences.get(difference) ?? 0) + 1);
  }
  const sorted = [...byReason].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { agreement: { ...counts, byReason: Object.fromEntries(sorted) }, faults, differences };
}
