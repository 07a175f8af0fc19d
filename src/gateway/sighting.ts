/**
 * What spoof intelligence sees of a finished inspection (design: compauth.md "Spoof intelligence"): who was shown as the author, from which
 * infrastructure, and what came of it. Null where there is nothing to see: our own mail, mail without one author, mail that composite
 * authentication vouched for and no pair entry decided on.
 */
import { authorOf } from "../evidence/from/author.ts";
import type { Sighting } from "../memory/sightings.ts";
import type { Inspection } from "../stamp/inspection.ts";
import { organizationOf } from "../verdict/organization.ts";
import { shownInfrastructure } from "../verdict/overrides/pair-shown.ts";
import type { Policy } from "../verdict/policy.ts";
import { acceptedFor } from "../verdict/rows-own-domain.ts";

export type Seen = { readonly tenant: string; readonly day: number; readonly policy: Policy };

export function sightingOf(inspection: Inspection, { tenant, day, policy }: Seen): Sighting | null {
  const { transaction, from, verdict, standing, action } = inspection;
  const { single, domains } = authorOf(from);
  const [domain] = domains;
  if (transaction.direction !== "inbound" || !single || domain === undefined || verdict.compauth === "none") return null;
  const entry = entryOf(inspection);
  if (verdict.compauth === "pass" && entry === null) return null;
  const shown = shownInfrastructure(inspection, { localSuffixes: policy.localSuffixes });
  if (shown === null) return null;
  return {
    tenant,
    day,
    user: from.address ?? `@${domain}`,
    domain,
    ...shown,
    spoof: acceptedFor(organizationOf(domain, policy), policy).length > 0 ? "internal" : "external",
    compauth: verdict.compauth,
    reason: verdict.reason,
    standing,
    action: action.kind,
    withheld: action.withheld,
    entry,
    recipients: transaction.rcptTo,
    sample: {
      inspection: inspection.id,
      at: inspection.at,
      messageId: transaction.messageId,
      mailFrom: transaction.mailFrom,
      ip: transaction.ip,
      explanation: verdict.explanation,
    },
  };
}

/** The operator's word on the pair: a block before an allow, as it counts. */
function entryOf({ history }: Inspection): Sighting["entry"] {
  const entries = history?.entries ?? [];
  for (const action of ["block", "allow"] as const) {
    const found = entries.find((one) => one.action === action);
    if (found !== undefined) return { id: found.id, by: found.by, action };
  }
  return null;
}
