/** `assay dkim` and `assay arc`: every signature of one message, or its chain, with every DNS question. */
import type { ArcResult } from "../../evidence/arc/result.ts";
import type { DkimResult } from "../../evidence/dkim/result.ts";
import { verifyArc, verifyDkim } from "../../gateway/mechanisms.ts";
import type { MethodResult } from "../../mail/authentication-results.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Line, plain } from "./lines.ts";
import { headline, type MechanismOptions, openMessageFile, openTracing, statusOfWord, writeReport } from "./mechanism.ts";
import type { Ports } from "./ports.ts";
import { cut } from "./shown.ts";
import { arcReasonWords, signatureReasonWords } from "./words.ts";

export async function dkimCommand(file: string | undefined, options: MechanismOptions, ports: Ports): Promise<ExitStatus> {
  const tracing = await openTracing(options, ports);
  const { source, message } = await openMessageFile(file, ports);
  const dkim = await verifyDkim(message, tracing.deps);
  const lines = dkim.length === 0 ? [headline("none", "not signed")] : dkim.flatMap(signatureLines);
  return writeReport({ json: { source, dkim }, lines, status: dkimStatus(dkim) }, tracing, { options, ports });
}

/** One that passes is enough; else a temporary error may yet turn into a pass. */
function dkimStatus(dkim: readonly DkimResult[]): ExitStatus {
  if (dkim.length === 0 || dkim.some((one) => one.result === "pass")) return 0;
  return dkim.some((one) => one.result === "temperror") ? 3 : 1;
}

function signatureLines(one: DkimResult): readonly Line[] {
  const name = one.selector === null ? one.domain : `${one.domain ?? "?"}, selector ${one.selector}`;
  const key = [
    one.algorithm,
    one.keyBits === null ? null : `${one.keyBits} bits`,
    one.signatureStart === null ? null : `b=${one.signatureStart}`,
  ];
  const why = one.reason === null ? null : cut(one.comment ?? signatureReasonWords[one.reason], 200);
  const covered = one.bodyCovered === false ? ", only in part signed" : "";
  return [
    headline(one.result, name === null ? "no domain" : cut(name, 120), why),
    plain(
      `  header ${one.headerResult}, body ${one.bodyResult}${covered}; ${cut(key.filter((part) => part !== null).join(", "), 100) || "no key"}`,
    ),
  ];
}

export async function arcCommand(file: string | undefined, options: MechanismOptions, ports: Ports): Promise<ExitStatus> {
  const tracing = await openTracing(options, ports);
  const { source, message } = await openMessageFile(file, ports);
  const arc = await verifyArc(message, tracing.deps);
  return writeReport({ json: { source, arc }, lines: arcLines(arc), status: statusOfWord(arc.result) }, tracing, { options, ports });
}

function arcLines(arc: ArcResult): readonly Line[] {
  if (arc.result === "none") return [headline("none", "no ARC set")];
  const why = arc.reason === null ? null : arcReasonWords[arc.reason];
  const newest = arc.sets.at(-1)?.sealer ?? "unknown sealer";
  return [
    headline(arc.result, `chain of ${arc.sets.length}`, why),
    plain(`  The newest sealer is ${newest}: ${arc.trusted ? "you trust it" : "you do not trust it, so its word counts for nothing"}.`),
    ...arc.sets.map((set) =>
      plain(
        `    i=${set.instance}  ${cut(set.sealer ?? "?", 60)}  cv=${set.cv ?? "?"}  ${cut(resultsText(set.results?.results ?? null), 200)}`,
      ),
    ),
  ];
}

function resultsText(results: readonly MethodResult[] | null): string {
  return results === null ? "unreadable results" : results.map((one) => `${one.method}=${one.result}`).join(" ");
}
