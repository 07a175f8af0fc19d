/**
 * Is an infrastructure shared by strangers (design: compauth.md "shared")? History counts the From organizations seen with it. Without
 * a history nothing is known; then a host counts as the author's own only if its name is.
 */
import { domainToAscii } from "../mail/domain.ts";
import type { TokenHistory } from "./history.ts";
import { organizationOf } from "./organization.ts";
import { senderHistoryOf } from "./policy.ts";
import { authorDomain, type RowContext } from "./row.ts";

/** A host of the From domain's, by its MX record or address. */
export function isSharedHost(host: string, context: RowContext): boolean {
  const name = domainToAscii(host);
  const seen = context.history?.tokens.find(({ kind, value }) => kind === "mx" && value === name);
  if (seen !== undefined) return seen.organizations > senderHistoryOf(context.policy).sharedMxOrganizations;
  return name === null || organizationOf(name, context.policy) !== authorDomain(context)?.organization;
}

export function isSharedPrefix(context: RowContext): boolean {
  const { prefix } = context.input.evidence.infrastructure;
  const seen = context.history?.tokens.find(({ kind, value }) => kind === "prefix" && value === prefix);
  return seen !== undefined && isShared(seen, context);
}

export function isShared({ kind, organizations }: Pick<TokenHistory, "kind" | "organizations">, { policy }: RowContext): boolean {
  const { sharedOrganizations, sharedMxOrganizations } = senderHistoryOf(policy);
  return organizations > (kind === "mx" ? sharedMxOrganizations : sharedOrganizations);
}
