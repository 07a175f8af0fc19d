/**
 * What becomes of a message on its way: forwarders that keep or rewrite the envelope, mailing lists that change it and may put
 * themselves into From, seals. One Delivery in, one out.
 */
import { type Delivery, dmarcOf, find, type Signature, type SpfOf } from "./delivery.ts";
import type { Forwarder, List, Relayer } from "./organization.ts";

export type Change = "nothing" | "body" | "subject and body";

/** As the forwarder hands it on. SRS: the envelope sender becomes the forwarder's; else SPF meets the wrong host. */
export function forwarded(original: Delivery, forwarder: Forwarder, { change, spfOf }: { change: Change; spfOf: SpfOf }): Delivery {
  return {
    ...original,
    host: forwarder.host,
    envelope: forwarder.srs && original.envelope !== null ? forwarder.domain : original.envelope,
    signatures: afterChange(original.signatures, change),
    seal: sealOf(original, forwarder, spfOf),
  };
}

/** As the list sends it on. `munged`: From is the list's, and so is what its domain publishes. */
export function distributed(original: Delivery, list: List, how: { form: "kept" | "munged"; change: Change; spfOf: SpfOf }): Delivery {
  const own: readonly Signature[] = list.signs ? [{ domain: list.domain, reason: null }] : [];
  return {
    ...original,
    ...(how.form === "munged" ? { author: list.domain, policy: null, mx: [list.host], web: [] } : {}),
    host: list.host,
    envelope: list.domain,
    signatures: [...own, ...afterChange(original.signatures, how.change)],
    seal: sealOf(original, list, how.spfOf),
  };
}

function afterChange(signatures: readonly Signature[], change: Change): readonly Signature[] {
  if (change === "nothing") return signatures;
  return signatures.map((signature) => ({ ...signature, reason: change === "body" ? "body-hash" : "signature" }));
}

/** The sealer writes what it found when the message came to it. */
function sealOf(original: Delivery, { seals, domain, trusted }: Relayer, spfOf: SpfOf): Delivery["seal"] {
  if (!seals) return null;
  const { evidence } = find(original, spfOf);
  const spf = original.envelope === null ? [] : evidence.spf;
  return { domain, trusted, dmarc: dmarcOf(original, { spf, dkim: evidence.dkim }).result };
}
