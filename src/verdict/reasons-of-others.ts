/**
 * Reason codes that others write and Assay never decides, and the look-up for any code that a header may carry: `explain` and the
 * reference read it. Some are documented, some are only seen in real mail; a number nobody knows is told from its family, if it
 * has one. Text only.
 */
import { type Documented, type ReasonCode, type ReasonText, reasons } from "./reasons.ts";
import type { CompauthResult } from "./verdict.ts";

export type KnownReason = ReasonText & {
  /** `code`: this very number. `family`: its first digit alone is documented. `unknown`: neither. */
  readonly known: "code" | "family" | "unknown";
};

/** Whose number it is: Assay's and Microsoft's 200, 300, 400 and 401 are not the same. */
export type ReasonAuthor = "assay" | "other";

/** What a code says. `code` is what stood in the header; anything has an answer. */
export function knownReason(code: string, author: ReasonAuthor): KnownReason {
  if (isReasonCode(code) && (author === "assay" || !reasons[code].ours)) return { ...reasons[code], known: "code" };
  const other = reasonsOfOthers[code];
  if (other !== undefined && Object.hasOwn(reasonsOfOthers, code)) return { ...other, known: "code" };
  const family = /^\d{3}$/.test(code) ? reasonFamilies[`${code.charAt(0)}xx`] : undefined;
  return family === undefined ? { ...unknownReason, known: "unknown" } : { ...family, known: "family" };
}

function isReasonCode(code: string): code is ReasonCode {
  return Object.hasOwn(reasons, code);
}

const authenticate =
  "Sign with a DKIM key of the From domain, or send with an envelope sender of that domain from hosts its SPF record lists.";

export const reasonsOfOthers: Readonly<Record<string, ReasonText>> = {
  "011": told("fail", {
    cause: "Nothing authenticated the From domain, and it is one of the recipient's own. In use in 2018 and 2019; 601 has taken its place.",
    meaning: "Somebody outside uses one of your own domains, or a service that sends for you is not set up for it.",
    senderCan: authenticate,
  }),
  "101": told("pass", {
    cause: "The From domain itself signed with DKIM.",
    meaning: "The sender is who it claims to be. That does not say that the message is harmless.",
  }),
  "102": told("pass", {
    cause: "SPF passed for an envelope sender in the From domain.",
    meaning: "The sender is who it claims to be. That does not say that the message is harmless.",
  }),
  "405": told("none", {
    documented: "seen",
    cause: "Nobody documents this number. Its family says that composite authentication was bypassed.",
    meaning: "Do not build rules on it: what sets it is not known.",
  }),
  "451": told("none", {
    documented: "seen",
    cause:
      "Nobody documents this number. It is seen on mail that passed another gateway in front of Microsoft 365, and its family says bypassed.",
    meaning:
      "The results were likely those of your gateway's address. Enhanced filtering for the connector lets the true client be judged.",
  }),
  "501": told(null, {
    cause: "It is a bounce, and sender and recipient were in contact before: DMARC was not enforced.",
    meaning: "The receiver took it for a valid non-delivery report. It says nothing about who wrote it.",
  }),
  "604": told("fail", {
    documented: "seen",
    cause: "Nobody documents this number. Its family says that nothing authenticated the sender.",
    meaning: "Read it as 601: the From domain is probably one of the recipient's own.",
    senderCan: authenticate,
  }),
  "605": told("fail", {
    documented: "seen",
    cause: "Nobody documents this number. Its family says that nothing authenticated the sender.",
    meaning: "Read it as 601: the From domain is probably one of the recipient's own.",
    senderCan: authenticate,
  }),
};

/** By the first digit. 5xx has no documented result. */
export const reasonFamilies: Readonly<Record<string, ReasonText>> = {
  "0xx": told("fail", {
    cause: "Authentication failed.",
    meaning: "Nobody vouches for this sender, or the owner of the domain says that such mail is not theirs.",
    senderCan: authenticate,
  }),
  "1xx": told("pass", {
    cause: "Authentication passed.",
    meaning: "The sender is who it claims to be, as far as this receiver could tell.",
  }),
  "2xx": told("softpass", {
    cause: "Nothing authenticated the From domain explicitly; what else is known speaks for the sender, though not firmly.",
    meaning: "Treat it as likely, not as proven.",
    senderCan: authenticate,
  }),
  "3xx": told("none", {
    cause: "The message was not checked for composite authentication.",
    meaning: "Nothing was decided about the sender.",
  }),
  "4xx": told("none", {
    cause: "Composite authentication was bypassed.",
    meaning: "Some entry, rule or connector of the receiver says not to judge this mail. Nothing was decided about the sender.",
  }),
  "5xx": told(null, {
    cause: "DMARC was not enforced: the receiver took the message for a bounce.",
    meaning: "Bounces rarely authenticate. It says nothing about who wrote the message.",
  }),
  "6xx": told("fail", {
    cause: "Nothing authenticated the sender; the From domain is one of the recipient's own.",
    meaning: "Somebody outside uses one of the organization's domains, or a service that sends for it is not set up.",
    senderCan: authenticate,
  }),
  "7xx": told("pass", {
    cause: "DMARC did not pass, but the receiving organization has had legitimate mail from this infrastructure before.",
    meaning: "History vouches for the sender, not DNS.",
    senderCan: authenticate,
  }),
  "9xx": told("none", {
    cause: "Composite authentication was bypassed because the message took a complex way, such as through another gateway first.",
    meaning: "Nothing was decided about the sender; the receiver should be told which hops are its own.",
  }),
};

const unknownReason: ReasonText = told(null, {
  documented: "seen",
  cause: "Nobody documents this number, nor its family.",
  meaning: "Nothing can be read from it.",
});

type Text = {
  readonly cause: string;
  readonly meaning: string;
  readonly senderCan?: string;
  readonly documented?: Documented;
};

function told(compauth: CompauthResult | null, text: Text): ReasonText {
  return { compauth, row: null, rows: [], senderCan: null, ours: false, documented: "microsoft", ...text };
}
