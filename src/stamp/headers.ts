/**
 * The fields that go on top of a message: Authentication-Results in the form the operator chose, Received-SPF where that form is
 * Microsoft's, and our report; and those that go because they pass for one of them. It writes down what was decided and derives nothing.
 */
import { fieldsNamed, type Header } from "../mail/header.ts";
import type { Stamp } from "../verdict/overrides/apply.ts";
import type { Policy } from "../verdict/verdict.ts";
import { signersAsSent } from "./as-sent.ts";
import { eopResults } from "./eop.ts";
import { foldedField } from "./fold.ts";
import type { Inspection, Removal } from "./inspection.ts";
import { receivedSpfField } from "./received-spf.ts";
import { forgedFields } from "./removals.ts";
import { reportField, reportOf } from "./report.ts";
import { rfc8601Results } from "./rfc8601.ts";

export type StampContext = {
  /** The message as it arrived: names are shown as they are written there. */
  readonly header: Header;
  readonly authservId: string;
  readonly policy: Pick<Policy, "stampFormat" | "stampCompauth" | "stampEopRecipientDomain" | "authservIds" | "localMilters">;
  /** Fields that the operator's rules add. */
  readonly stamps: readonly Stamp[];
  /** An address that takes the place of an empty From, whose fields are then removed. */
  readonly assignedFrom: string | null;
};

/** Complete fields, topmost first, folded, without the final line end. */
export function headersOf(parts: Omit<Inspection, "headers">, context: StampContext): readonly string[] {
  const fields = resultFields(parts, context);
  for (const { name, value } of context.stamps) fields.push(foldedField(name, value));
  fields.push(reportField(reportOf(parts)));
  if (context.assignedFrom !== null) fields.push(`From: <${context.assignedFrom}>`);
  return fields;
}

function resultFields(parts: Omit<Inspection, "headers">, { header, authservId, policy }: StampContext): string[] {
  const format = policy.stampFormat ?? "rfc8601";
  const compauth = policy.stampCompauth ?? true;
  switch (format) {
    case "rfc8601":
      return [`Authentication-Results: ${rfc8601Results(parts, { authservId, compauth })}`];
    case "eop": {
      const value = eopResults(
        { ...parts, signers: signersAsSent(header) },
        { recipientDomain: policy.stampEopRecipientDomain ?? null, compauth },
      );
      return [foldedField("Authentication-Results", value), receivedSpfField(parts, authservId)];
    }
    default:
      return format satisfies never;
  }
}

/** The fields of the message that pass for ours, highest index first. */
export function removalsOf({ header, authservId, policy, assignedFrom }: StampContext): readonly Removal[] {
  const format = policy.stampFormat ?? "rfc8601";
  const token = format === "eop" && policy.stampEopRecipientDomain != null ? [policy.stampEopRecipientDomain] : [];
  const forged = forgedFields(header, {
    ids: [authservId, ...token, ...(policy.authservIds ?? [])],
    format,
    localMilters: policy.localMilters,
  });
  return assignedFrom === null ? forged : [...forged, ...emptyFrom(header)];
}

function emptyFrom(header: Header): readonly Removal[] {
  const count = fieldsNamed(header, "from").length;
  return Array.from({ length: count }, (_, i) => ({ name: "from", index: count - i, why: "empty: MAIL FROM takes its place" }));
}
