/** The values of options of `assay pairs`, `allow`, `block` and `senders`: text into typed values, or what was wanted with an example. */
import { limits } from "../../base/limits.ts";
import { parseDomain } from "../../verdict/overrides/address-form.ts";
import { type Expiry, parseExpiry } from "../../verdict/overrides/expiry.ts";
import { type Scope, scopes } from "../../verdict/overrides/scope.ts";
import { UsageError } from "./ports.ts";
import { cut, shown } from "./shown.ts";

/** An expiry, or so many days from now on. */
export type WantedExpiry = Expiry | { readonly kind: "in"; readonly days: number };

/** `never`, `2027-01-31`, `30d` or `8w` from now on, `idle:90d` without a match. */
export function readEntryExpiry(text: string): WantedExpiry {
  const expiry = parseExpiry(text.replace(/^idle:/i, "idle ")) ?? fromNow(text);
  if (expiry === null) throw wanted("--expires", "never, a day such as 2027-01-31, a time such as 30d or 8w, or idle:90d", text);
  return expiry;
}

function fromNow(text: string): WantedExpiry | null {
  const [, count = "", unit = ""] = /^([1-9][0-9]{0,3})([dwy])$/.exec(text) ?? [];
  const days = Number(count) * (unit === "y" ? 365 : unit === "w" ? 7 : 1);
  return count === "" ? null : { kind: "in", days };
}

export function readInsightDays(text: string): number {
  const days = /^([0-9]{1,3})d?$/.exec(text)?.[1] ?? "";
  if (days === "" || Number(days) < 1 || Number(days) > limits.sightingDays)
    throw wanted("--days", `a number of days from 1 to ${limits.sightingDays}, such as 7 or 30`, text);
  return Number(days);
}

export function readCount(option: string, text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw wanted(option, "a number, such as 50", text);
  return Number(text);
}

export function readChange(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text))
    throw wanted("--undo", "the number of a change, such as 12; assay pairs --changes lists them", text);
  return Number(text);
}

export function readSpoofed(option: string, text: string): string {
  const domain = parseDomain(text.slice(text.lastIndexOf("@") + 1));
  if (domain === null) throw wanted(option, "a domain, such as contoso.com", text);
  return domain;
}

export function readScope(text: string, before: readonly Scope[] = []): readonly Scope[] {
  const scope = scopes.find((one) => one === text);
  if (scope === undefined) throw wanted("--scope", `one of ${scopes.join(", ")}`, text);
  return [...before, scope];
}

function wanted(option: string, what: string, given: string): UsageError {
  return new UsageError(`${option} wants ${what}; this is none: “${cut(shown(given), 80)}”`);
}
