/**
 * `assay config check|print|sample`: what is wrong in a configuration file, what is in force and where it comes from, and a file to start
 * from. Reads the one file that is named; nothing is started and no store is opened.
 */
import { readFileSync } from "node:fs";
import { acceptedOf } from "../../config/accepted.ts";
import { effectiveKeys, printEffective } from "../../config/effective.ts";
import { formatConfigError, formatConfigWarning, type Loaded, loadConfig } from "../../config/load.ts";
import { policyText } from "../../config/policy-text.ts";
import { sampleText } from "../../config/sample.ts";
import type { Config } from "../../config/schema.ts";
import { askNullMx } from "../../evidence/infrastructure/null-mx.ts";
import { acceptedDomainWarning, noreplyAdvice } from "../../verdict/null-mx.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type Ports, UsageError } from "./ports.ts";
import { resolverChoice } from "./resolver-choice.ts";
import { shown } from "./shown.ts";

/** Warnings do not count as mistakes. */
export async function configCheck(file: string, dns: CheckDns, ports: CheckPorts): Promise<ExitStatus> {
  const { out, hostName } = ports;
  const loaded = loadConfig(read(file));
  if (!loaded.ok) throw refused(file, loaded.errors);
  const { config } = loaded;
  const asked = dns.zone === undefined && dns.dns === undefined ? [] : await nullMxWarnings(config, dns, ports);
  const told = [...loaded.warnings.map(formatConfigWarning), ...hostWarning(config.authserv_id, hostName()), ...asked];
  const warnings = told.map((warning) => `warning: ${shown(warning)}\n`);
  const count = `${warnings.length === 1 ? "one warning" : `${warnings.length} warnings`}`;
  await out.write(`${warnings.join("")}${shown(file)}: no mistake found${warnings.length === 0 ? "" : `, ${count}`}\n`);
  return 0;
}

/** Which DNS to ask; neither: none is asked. */
export type CheckDns = { readonly zone?: string; readonly dns?: string };
type CheckPorts = Pick<Ports, "out" | "hostName" | "openResolver">;

/** RFC 7505: an accepted domain that says it receives no mail; and what a domain that really sends alone has to publish. */
async function nullMxWarnings(config: Config, dns: CheckDns, { openResolver }: CheckPorts): Promise<readonly string[]> {
  const resolver = await openResolver(resolverChoice(dns, null));
  const warnings = await Promise.all(
    acceptedOf(config).map(async ({ domain }) => {
      const published = await askNullMx(domain, resolver);
      const warning = acceptedDomainWarning(domain, published);
      const advice = published === "malformed" ? noreplyAdvice(domain) : null;
      return warning === null ? [] : [advice === null ? warning : `${warning} If ${domain} only sends: ${advice.record}`];
    }),
  );
  return warnings.flat();
}

/** RFC 8601 §2.5: the authserv-id is a name that readers can tell from others'; a host's short name is not. */
function hostWarning(authservId: string | null, host: string): readonly string[] {
  if (authservId !== null || host.includes(".")) return [];
  return [
    `authserv_id: results will be stamped with this host's name, ${host}, which has no domain; name your organization's, such as "mx.contoso.com"`,
  ];
}

/** Without a file: the defaults. */
export async function configPrint(
  file: string | undefined,
  { policy = false }: { readonly policy?: boolean },
  { out }: Pick<Ports, "out">,
): Promise<ExitStatus> {
  const bytes = file === undefined ? new Uint8Array() : read(file);
  const name = file ?? "";
  if (policy) {
    const loaded = loadConfig(bytes);
    if (!loaded.ok) throw refused(name, loaded.errors);
    await out.write(safe(policyText(loaded.config)));
  } else {
    const effective = effectiveKeys(bytes);
    if (!effective.ok) throw refused(name, effective.errors);
    await out.write(safe(printEffective(effective.keys)));
  }
  return 0;
}

export async function configSample({ out }: Pick<Ports, "out">): Promise<ExitStatus> {
  await out.write(sampleText());
  return 0;
}

function safe(text: string): string {
  return text.split("\n").map(shown).join("\n");
}

function refused(file: string, errors: Extract<Loaded, { ok: false }>["errors"]): UsageError {
  return new UsageError(`configuration file ${file}:${errors.map((error) => `\n  ${formatConfigError(error)}`).join("")}`);
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new UsageError(`cannot read configuration file ${file}: ${code === "ENOENT" ? "no such file" : code}`);
  }
}
