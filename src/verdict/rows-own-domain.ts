/**
 * Row 11 of the decision table: From is in an accepted domain of the recipient's tenant. The organization knows best who may use its
 * own name, so this row always decides: history never passes such mail, only the operator's word, another tenant here, or a host of
 * the organization's own.
 */
import { domainToAscii } from "../mail/domain.ts";
import { confirmedNames, enforces } from "./facts.ts";
import { organizationOf } from "./organization.ts";
import type { Policy, Tenant } from "./policy.ts";
import { authorDomain, mayAccept, no, type Row, type RowContext, type Weighed, yes } from "./row.ts";

export const ownDomainRow: Row = { number: 11, condition: "From is in an accepted domain of the recipient's organization", weigh };

function weigh(context: RowContext): Weighed {
  const author = authorDomain(context);
  if (author === null || acceptedFor(author.organization, context.policy).length === 0) return no("policy.acceptedDomains");
  const { policy, input } = context;
  const tenant = submittingTenant(author.organization, policy);
  if (tenant !== null)
    return yes("115", "policy.submittedBy", `Tenant ${tenant.id} of this installation owns ${author.domain} and sent it.`);
  const confirmed = mayAccept(context) ? context.entries.find(({ action }) => action === "confirmed") : undefined;
  if (confirmed !== undefined) {
    const { id, by, user, infrastructure } = confirmed;
    return yes("704", "history.entries", `Entry ${id} by ${by} confirms ${user} from ${infrastructure}.`);
  }
  const own = confirmedNames(input).find((name) => acceptedFor(organizationOf(name, policy), policy).length > 0);
  if (own !== undefined) return yes("704", "evidence.iprev", `The client is ${own}, a confirmed name of your own.`);
  return enforces(input.evidence.dmarc) ? yes("010", "evidence.dmarc") : yes("601", "policy.acceptedDomains");
}

/** The accepted domains of this organization. */
export function acceptedFor(organization: string, policy: Pick<Policy, "acceptedDomains" | "localSuffixes">): readonly string[] {
  return (policy.acceptedDomains ?? []).filter((accepted) => {
    const ascii = domainToAscii(accepted);
    return ascii !== null && organizationOf(ascii, policy) === organization;
  });
}

/** The tenant that handed the message over, if a domain of this organization is its own. */
export function submittingTenant(organization: string, policy: Policy): Tenant | null {
  const { submittedBy, tenants } = policy;
  const tenant = submittedBy == null ? undefined : tenants?.find(({ id }) => id === submittedBy);
  const owns = tenant !== undefined && acceptedFor(organization, { ...policy, acceptedDomains: tenant.domains }).length > 0;
  return owns ? tenant : null;
}
