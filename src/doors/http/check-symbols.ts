/**
 * The evidence as rspamd's symbols: its own names where they mean the same, ours (ASSAY_…) for the verdict. Each tells, and none weighs: the
 * action was decided before.
 */
import type { Evidence } from "../../evidence/evidence.ts";
import type { Inspection } from "../../stamp/inspection.ts";

export type CheckSymbol = { readonly name: string; readonly score: 0; readonly metric_score: 0; readonly options: readonly string[] };

export function checkSymbols({ evidence, verdict, standing, suspicion }: Inspection): Readonly<Record<string, CheckSymbol>> {
  const told: readonly (readonly [string, readonly (string | null)[]])[] = [
    [`ASSAY_COMPAUTH_${verdict.compauth.toUpperCase()}`, [verdict.reason]],
    [`ASSAY_STANDING_${standing.toUpperCase()}`, suspicion],
    ...ofSpf(evidence),
    ...ofDkim(evidence),
    [ofDmarc(evidence), [evidence.dmarc.policyDomain ?? evidence.dmarc.domain, evidence.dmarc.policy]],
    [ofArc(evidence), [evidence.arc.reason]],
    ...ofIprev(evidence),
  ];
  return Object.fromEntries(told.map(([name, options]) => [name, symbol(name, options)]));
}

function symbol(name: string, options: readonly (string | null)[]): CheckSymbol {
  return { name, score: 0, metric_score: 0, options: options.filter((option) => option !== null) };
}

const spfSymbols = {
  pass: "R_SPF_ALLOW",
  fail: "R_SPF_FAIL",
  softfail: "R_SPF_SOFTFAIL",
  neutral: "R_SPF_NEUTRAL",
  none: "R_SPF_NA",
  temperror: "R_SPF_DNSFAIL",
  permerror: "R_SPF_PERMFAIL",
} as const satisfies Record<Evidence["spf"][number]["result"], string>;

/** Of the envelope sender; rspamd has no name for the HELO's. */
function ofSpf({ spf }: Evidence): readonly (readonly [string, readonly (string | null)[]])[] {
  const found = spf.find(({ identity }) => identity === "mailfrom");
  return found === undefined ? [] : [[spfSymbols[found.result], [found.domain, found.mechanism]]];
}

const dkimSymbols = {
  pass: "R_DKIM_ALLOW",
  fail: "R_DKIM_REJECT",
  temperror: "R_DKIM_TEMPFAIL",
  permerror: "R_DKIM_PERMFAIL",
  policy: "R_DKIM_PERMFAIL",
  neutral: "R_DKIM_NA",
} as const satisfies Record<Evidence["dkim"][number]["result"], string>;

/** One symbol for each result that occurs, with the signatures that have it. */
function ofDkim({ dkim }: Evidence): readonly (readonly [string, readonly (string | null)[]])[] {
  if (dkim.length === 0) return [["R_DKIM_NA", []]];
  const byName = Map.groupBy(dkim, ({ result }) => dkimSymbols[result]);
  return [...byName].map(([name, signatures]) => [name, signatures.map(({ domain, selector }) => `${domain ?? "?"}:s=${selector ?? "?"}`)]);
}

function ofDmarc({ dmarc }: Evidence): string {
  switch (dmarc.result) {
    case "pass":
      return "DMARC_POLICY_ALLOW";
    case "fail":
      return dmarc.policy === "reject" || dmarc.policy === "quarantine"
        ? `DMARC_POLICY_${dmarc.policy.toUpperCase()}`
        : "DMARC_POLICY_SOFTFAIL";
    case "none":
    case "bestguesspass":
      return "DMARC_NA";
    case "permerror":
      return "DMARC_BAD_POLICY";
    case "temperror":
      return "DMARC_DNSFAIL";
    default:
      return dmarc.result satisfies never;
  }
}

function ofArc({ arc }: Evidence): string {
  switch (arc.result) {
    case "none":
      return "ARC_NA";
    case "pass":
      return "ARC_ALLOW";
    case "fail":
      return "ARC_REJECT";
    case "temperror":
      return "ARC_DNSFAIL";
    default:
      return arc.result satisfies never;
  }
}

function ofIprev({ iprev }: Evidence): readonly (readonly [string, readonly string[]])[] {
  if (iprev.reason === "no-ptr") return [["RDNS_NONE", []]];
  return iprev.result === "temperror" ? [["RDNS_DNSFAIL", []]] : [];
}
