/**
 * The reason codes of the composite verdict: what each says, for an administrator and for the sender, in one place that the
 * CLI, the stamp and the docs read. Codes and meanings follow Microsoft's published list; those marked `ours` are Assay's own.
 */
import type { CompauthResult } from "./verdict.ts";

export type ReasonCode = "000" | "001" | "100" | "109" | "111" | "112" | "300";

export type Reason = {
  readonly compauth: CompauthResult;
  /** The row of the decision table (design: compauth.md). */
  readonly row: number;
  readonly cause: string;
  /** What it means for whoever runs the receiving server. */
  readonly meaning: string;
  /** What the sender can do; null where there is nothing to mend. */
  readonly senderCan: string | null;
  readonly ours: boolean;
};

export const reasons: Readonly<Record<ReasonCode, Reason>> = {
  "000": {
    compauth: "fail",
    row: 13,
    cause: "DMARC failed, and the From domain asks for quarantine or rejection.",
    meaning: "The owner of the domain says that such mail is not theirs.",
    senderCan: "Sign with a DKIM key of the From domain, or send from hosts that its SPF record lists with a matching envelope sender.",
    ours: false,
  },
  "001": {
    compauth: "fail",
    row: 19,
    cause: "Nothing that passed belongs to the From domain, and the domain publishes no policy that is enforced.",
    meaning: "Nobody vouches for this sender.",
    senderCan: "Publish SPF for the sending hosts or sign with DKIM in the From domain, and publish a DMARC record.",
    ours: false,
  },
  "100": {
    compauth: "pass",
    row: 6,
    cause: "DMARC passed.",
    meaning: "The sender is who it claims to be. That does not say that the message is harmless.",
    senderCan: null,
    ours: false,
  },
  "109": {
    compauth: "pass",
    row: 7,
    cause: "The From domain has no DMARC record, but would pass if it had one.",
    meaning: "SPF or DKIM vouches for the From domain's organization.",
    senderCan: "Publish a DMARC record, so that others can be told from the real sender.",
    ours: false,
  },
  "111": {
    compauth: "pass",
    row: 9,
    cause: "The DMARC record is unusable or could not be fetched, yet an aligned SPF or DKIM pass vouches for the From domain.",
    meaning: "The sender is who it claims to be, in spite of its DMARC record.",
    senderCan: "Mend the DMARC record, or the name servers that should answer for it.",
    ours: false,
  },
  "112": {
    compauth: "pass",
    row: 9,
    cause: "The question for the DMARC record timed out, yet an aligned SPF or DKIM pass vouches for the From domain.",
    meaning: "The sender is who it claims to be; the domain's name servers did not answer in time.",
    senderCan: "Look after the name servers that should answer for the DMARC record.",
    ours: false,
  },
  "300": {
    compauth: "none",
    row: 1,
    cause: "The sender logged in: mail that is submitted is not judged as mail from outside.",
    meaning: "Composite authentication was not applied.",
    senderCan: null,
    ours: true,
  },
};
