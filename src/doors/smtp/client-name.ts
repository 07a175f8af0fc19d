/**
 * The client's name for the next hop, as Postfix has it in XCLIENT and XFORWARD: a name only where DNS confirms it (RFC 8601 §3, iprev),
 * [UNAVAILABLE] where there is none, and [TEMPUNAVAIL] where DNS has not answered, which a server that wants a name answers with 4yz.
 * It takes no name from the client.
 */
import { limits } from "../../base/limits.ts";
import type { ReverseName } from "../../gateway/dialogue/journey.ts";
import { type Attribute, type Forwarded, type Origin, unanswered } from "./origin.ts";

/** A listed host that has told the name, or that there is none, is believed. */
export function forwardedOf(origin: Origin, ask: () => Promise<ReverseName>): Forwarded {
  const withName = (name: string | null): Origin => new Map<Attribute, string | null>([["NAME", name], ...origin]);
  if (origin.has("NAME")) return { known: origin, named: Promise.resolve(origin) };
  return { known: withName(null), named: asked(ask).then(withName) };
}

/** Never rejects. The questions began at MAIL, and while they are open the connection to the next hop is made: few messages wait for them. */
async function asked(ask: () => Promise<ReverseName>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ReverseName>((resolve) => {
    timer = setTimeout(() => resolve({ kind: "unanswered" }), limits.proxyNameMs).unref();
  });
  try {
    const found = await Promise.race([ask(), late]);
    if (found.kind === "confirmed") return found.name;
    return found.kind === "none" ? null : unanswered;
  } catch {
    return unanswered;
  } finally {
    clearTimeout(timer);
  }
}
