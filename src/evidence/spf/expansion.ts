/** Macro strings in the light of one evaluation (RFC 7208 §7.2, RFC 8616 §4): the values of the letters, and the names that terms ask for. */
import { limits } from "../../base/limits.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { dottedForm, formatIpAddress } from "../../mail/ip-address.ts";
import { clientName } from "./client-name.ts";
import type { Evaluation } from "./evaluation.ts";
import { expandMacros, type MacroString, type MacroValues } from "./macro.ts";
import type { DomainSpec } from "./record.ts";
import { targetName } from "./target-name.ts";

/** RFC 8616 §4: a term with %{s} or %{l} matches nothing where the local part is not ASCII. */
export function matchesNothing(evaluation: Evaluation, string: MacroString): boolean {
  return string.usesLocalPart && !/^[\x00-\x7f]*$/.test(evaluation.sender.localPart);
}

/** The <target-name> of a term (RFC 7208 §4.8), `domain` itself without a domain-spec; null where DNS cannot carry it. */
export function targetOf(evaluation: Evaluation, spec: DomainSpec | null, domain: string): string | null | Promise<string | null> {
  if (spec === null) return domain;
  if (spec.fixed !== null) return spec.target;
  return expand(evaluation, spec, domain).then(targetName);
}

/** Expands a macro string for a record of `domain`. */
export async function expand(evaluation: Evaluation, string: MacroString, domain: string): Promise<string> {
  if (string.fixed !== null) return string.fixed;
  const name = string.usesName ? await clientName(evaluation, domain) : "";
  return expandMacros(string, macroValues(evaluation, domain, name));
}

function macroValues({ client, sender, helo, receiver, clock }: Evaluation, domain: string, name: string): MacroValues {
  return {
    s: `${sender.localPart}@${sender.domain}`,
    l: sender.localPart,
    o: sender.domain,
    d: domain,
    i: dottedForm(client),
    p: name,
    v: client.family === 4 ? "in-addr" : "ip6",
    h: heloValue(helo),
    c: formatIpAddress(client),
    r: receiver,
    t: String(Math.floor(clock() / 1000)),
  };
}

/** RFC 8616 §4: U-labels become A-labels before macros are expanded. Of a HELO that no SMTP command line holds, the end counts. */
function heloValue(helo: string | null): string {
  if (helo === null) return "unknown";
  const cut = helo.slice(-limits.heloCharactersMax);
  return /^[\x00-\x7f]*$/.test(cut) ? cut : (domainToAscii(cut) ?? cut);
}
