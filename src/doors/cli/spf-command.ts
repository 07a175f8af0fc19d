/** `assay spf`: check_host() of RFC 7208 for one client and one identity, with the term that decided and every DNS question. */
import { limits } from "../../base/limits.ts";
import { checkHost } from "../../gateway/mechanisms.ts";
import type { ExitStatus } from "./exit-status.ts";
import { plain } from "./lines.ts";
import { headline, type MechanismOptions, openTracing, statusOfWord, writeReport } from "./mechanism.ts";
import { type Ports, UsageError } from "./ports.ts";
import { cut } from "./shown.ts";
import { spfReasonWords } from "./words.ts";

export type SpfOptions = MechanismOptions & { readonly ip?: string; readonly sender?: string; readonly helo?: string };

export async function spfCommand(options: SpfOptions, ports: Ports): Promise<ExitStatus> {
  const { ip, helo } = options;
  if (ip === undefined) throw new UsageError("assay spf needs the client's address: --ip 192.0.2.1");
  const sender = options.sender ?? (helo === undefined ? undefined : "");
  if (sender === undefined) throw new UsageError("assay spf needs an identity: --sender ada@contoso.com, or --helo mail.contoso.com alone");
  const tracing = await openTracing(options, ports);
  const { trace: _, ...found } = await checkHost({ ip, sender, helo: helo ?? "" }, tracing.deps);
  const why =
    found.reason === "matched"
      ? `Matches ${found.mechanism ?? "a term"}.`
      : `${capital(spfReasonWords[found.reason])}${found.mechanism === null ? "" : `: ${found.mechanism}`}.`;
  const lines = [
    headline(found.result, found.domain ?? "no domain", `for ${ip}`),
    plain(`  ${cut(why, 300)}${found.broad ? " The record lets almost anybody pass." : ""}`),
    ...(found.explanation === null ? [] : [plain(`  The domain explains: “${cut(found.explanation, 300)}”`)]),
    plain(
      `  ${found.lookups} of ${limits.spfTermsMax} terms that need DNS, ${found.voidLookups} of ${limits.spfVoidLookupsMax} lookups without an answer.`,
    ),
  ];
  const json = { ip, sender, helo: helo ?? null, ...found };
  return writeReport({ json, lines, status: statusOfWord(found.result) }, tracing, { options, ports });
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
