/**
 * May these entries exist? Asks entry-check.ts and list-check.ts with what the store knows: how many organizations use an
 * infrastructure, and what messages of a pair came with, so that the safe form of a refused wish can name it.
 */
import { existsSync } from "node:fs";
import { limits } from "../../base/limits.ts";
import type { Entry } from "../../memory/entries.ts";
import type { SeenPair } from "../../memory/sightings.ts";
import { StoreFault } from "../../memory/store-fault.ts";
import type { Token } from "../../verdict/history.ts";
import { formatUser } from "../../verdict/overrides/entry.ts";
import { entryRefusal } from "../../verdict/overrides/entry-check.ts";
import { listRefusal } from "../../verdict/overrides/list-check.ts";
import type { Refusal } from "../../verdict/overrides/refusal.ts";
import type { AnchorContext } from "../../verdict/overrides/trust-anchor.ts";
import type { Configured } from "./entry-store.ts";
import type { Ports } from "./ports.ts";

export type RefusedEntry = { readonly entry: Entry; readonly refusal: Refusal };

/** Those that may not. Blocks ask the store nothing. */
export async function refusedEntries(entries: readonly Entry[], configured: Configured, ports: Ports): Promise<readonly RefusedEntry[]> {
  const accepting = entries.filter(({ entry }) => entry.action !== "block");
  const organizations = await organizationsOf(accepting, configured, ports);
  const { profile, localSuffixes } = configured.settings.policy;
  const refused: RefusedEntry[] = [];
  for (const each of entries) {
    const context = { profile, localSuffixes, organizations };
    if (each.shape === "list") {
      const refusal = listRefusal(each.entry, context);
      if (refusal !== null) refused.push({ entry: each, refusal });
      continue;
    }
    const { entry } = each;
    if (entryRefusal(entry, entry.action, context) === null) continue;
    const refusal = entryRefusal(entry, entry.action, { ...context, ...(await seenWith(formatUser(entry.user), configured, ports)) });
    if (refusal !== null) refused.push({ entry: each, refusal });
  }
  return refused;
}

type Organizations = NonNullable<AnchorContext["organizations"]>;

/** From organizations that history saw with what the entries rest on. A store that does not answer knows nothing. */
async function organizationsOf(
  entries: readonly Entry[],
  { settings, url, tenant, today }: Configured,
  ports: Ports,
): Promise<Organizations> {
  const tokens = entries.flatMap(tokensOf);
  // A store that is not made yet knows nothing, and asking does not make it.
  if (tokens.length === 0 || (url.kind === "sqlite" && !existsSync(url.path))) return () => null;
  const memory = await ports.openMemory(url, settings.policy.localSuffixes);
  const known = new Map<string, number>();
  try {
    for (let at = 0; at < tokens.length; at += limits.historyTokensMax) {
      const asked = tokens.slice(at, at + limits.historyTokensMax);
      const nobody = { organization: null, carrier: null, recipients: [], returned: null, references: [] };
      const history = await memory.history({ tenant, day: today, tokens: asked, ...nobody });
      if (history.status !== "known") break;
      for (const { kind, value, organizations } of history.tokens) known.set(`${kind} ${value}`, organizations);
    }
  } finally {
    await memory.close();
  }
  return (kind, value) => known.get(`${kind} ${value}`) ?? null;
}

function tokensOf(each: Entry): readonly Token[] {
  const anchor = each.shape === "pair" ? each.entry.infrastructure : each.entry.subject;
  switch (anchor.kind) {
    case "dkim":
    case "ptr":
      return [{ kind: anchor.kind, value: anchor.domain }];
    case "domain":
      if (each.shape === "list") return [];
      return [
        { kind: "dkim", value: anchor.domain },
        { kind: "ptr", value: anchor.domain },
      ];
    case "prefix":
      return [{ kind: "prefix", value: anchor.prefix }];
    case "network":
      return [{ kind: "prefix", value: anchor.network }];
    case "any":
    case "address":
    case "below":
      return [];
    default:
      return anchor satisfies never;
  }
}

const seenDays = 30;
const seenMax = 50;

/** What messages in this name were signed by, and what an entry about them could say. */
async function seenWith(user: string, { url, tenant, today }: Configured, ports: Ports) {
  const domain = user.slice(user.lastIndexOf("@") + 1);
  const seen: SeenPair[] = [];
  try {
    const insight = await ports.openInsight(url);
    try {
      for await (const pair of insight.pairs({ tenant, day: today, days: seenDays, ...(domain === "*" ? {} : { domain }) }))
        if (seen.push(pair) >= seenMax) break;
    } finally {
      await insight.close();
    }
  } catch (error) {
    // The offer is then a general one.
    if (!(error instanceof StoreFault)) throw error;
  }
  return {
    signers: seen.filter(({ by }) => by === "dkim").map(({ infrastructure }) => infrastructure),
    allowable: seen.find(({ allowable }) => allowable !== null)?.allowable ?? null,
  };
}
