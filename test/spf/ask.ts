/** One SPF evaluation against a zone, as the tests in this folder write it. */
import { messageDns } from "../../src/dns/budget.ts";
import { checkHost } from "../../src/evidence/spf/check-host.ts";
import type { SpfResult, SpfStep } from "../../src/evidence/spf/result.ts";
import { type Zone, zoneResolver } from "../../src/system/zone-resolver.ts";

export type Asked = SpfResult & {
  /** Every question that reached the resolver, as "TXT example.com". */
  readonly questions: readonly string[];
  readonly steps: readonly SpfStep[];
};

export type Ask = { readonly ip?: string; readonly sender?: string | null; readonly helo?: string | null; readonly quota?: number };

/** Default: 192.0.2.1 sends as user@example.com; `quota` is what the lane may ask. */
export async function ask(zone: Zone, query: Ask = {}): Promise<Asked> {
  const questions: string[] = [];
  const steps: SpfStep[] = [];
  const clock = () => 1_700_000_000_000;
  const resolver = zoneResolver(zone, { onQuery: ({ name, type }) => questions.push(`${type} ${name}`) });
  const dns = messageDns(resolver, { clock, quotas: { mailfrom: query.quota ?? 200 } })("mailfrom");
  const found = await checkHost(
    {
      ip: query.ip ?? "192.0.2.1",
      sender: query.sender === undefined ? "user@example.com" : query.sender,
      helo: query.helo === undefined ? "mx.example.com" : query.helo,
      identity: "mailfrom",
    },
    { dns, clock, receiver: "receiver.example", onTerm: (step) => steps.push(step) },
  );
  return { ...found, questions, steps };
}

/** The zone of example.com with this record, and more names where needed. */
export function zoneWith(record: string, more: Zone = {}): Zone {
  return { "example.com": [{ TXT: record }], ...more };
}

/** `count` texts from `make(0)`, `make(1)`, … joined by a space. */
export function repeat(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join(" ");
}
