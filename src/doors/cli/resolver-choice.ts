/** Which DNS to ask: a zone file, the server named by --dns, those of the configuration, or the system's. */
import { type ResolverChoice, type Settings, UsageError } from "./ports.ts";

export function resolverChoice(options: { readonly zone?: string; readonly dns?: string }, settings: Settings | null): ResolverChoice {
  if (options.zone !== undefined && options.dns !== undefined)
    throw new UsageError("--zone and --dns exclude each other: a zone file answers instead of DNS");
  if (options.zone !== undefined) return { kind: "zone", file: options.zone };
  if (options.dns !== undefined) return { kind: "servers", servers: [options.dns] };
  return settings === null || settings.dnsServers.length === 0 ? { kind: "system" } : { kind: "servers", servers: settings.dnsServers };
}
