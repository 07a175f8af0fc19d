/**
 * What to do about a verdict, for the case that the message is legitimate: a table, walked from the top; the first entry that fits is
 * shown. It reads the finished Inspection and decides nothing.
 */
import { authorOf } from "../../evidence/from/author.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import { shownInfrastructure } from "../../verdict/overrides/pair-shown.ts";
import { isUndecided } from "./exit-status.ts";
import { cut } from "./shown.ts";

/** `command`: what the operator could type instead; null where no safe entry exists. */
export type Advice = { readonly text: string; readonly command: string | null };

/** One or two sentences, or null where there is nothing to do. */
export function adviceFor(inspection: Inspection): Advice | null {
  const text = entries.find((entry) => entry.fits(inspection))?.say(inspection) ?? null;
  if (text === null) return null;
  const block = inspection.standing === "blocked" ? inspection.history?.entries?.find(({ action }) => action === "block") : undefined;
  if (block !== undefined) return { text: "If it is legitimate: lift the block.", command: `assay block --remove ${block.id}` };
  const command = text.startsWith(legitimate) ? allowCommand(inspection) : null;
  return command === null ? { text, command } : { text: text.replace(/\.$/, "; or allow the pair here:"), command };
}

const legitimate = "If it is legitimate: ";

/**
 * The narrowest entry that would allow the pair; whether the store takes it, it says itself. None against a policy that the domain's owner
 * has published, nor for a line that anybody could rent.
 */
function allowCommand(inspection: Inspection): string | null {
  const { single, domains } = authorOf(inspection.from);
  if (!single || inspection.standing === "allowed" || inspection.evidence.infrastructure.generic) return null;
  if (inspection.verdict.reason !== "001" && inspection.verdict.reason !== "601") return null;
  const allowable = shownInfrastructure(inspection)?.allowable ?? null;
  return allowable === null ? null : `assay allow ${domains[0] ?? ""} ${allowable}`;
}

type Entry = { readonly fits: (inspection: Inspection) => boolean; readonly say: (inspection: Inspection) => string };

const author = ({ from }: Inspection): string => cut(from.domain ?? "the sender's domain", 72);
const alignedSignature = ({ evidence }: Inspection) =>
  evidence.dkim.find((one) => one.result !== "pass" && (one.aligned || one.alignedBestGuess));
const failed = ({ verdict }: Inspection): boolean => verdict.compauth === "fail";

const entries: readonly Entry[] = [
  {
    fits: isUndecided,
    say: () => "Undecided: DNS gave no answer to a question that matters. Try again later; --trace shows which question.",
  },
  {
    fits: (i) => i.verdict.reason === "109",
    say: (i) => `Better still: ${author(i)} should publish a DMARC record, so that others cannot use the name.`,
  },
  {
    fits: (i) => i.verdict.reason === "111" || i.verdict.reason === "112",
    say: (i) => `Better still: ${author(i)} should mend its DMARC record or the name servers that answer for it.`,
  },
  {
    fits: (i) => failed(i) && i.evidence.dmarc.reason === "author" && i.from.reason !== null,
    say: (i) => fromAdvice(i),
  },
  {
    fits: (i) => failed(i) && alignedSignature(i) !== undefined,
    say: (i) => `If it is legitimate: ${signatureAdvice(i)}`,
  },
  {
    fits: (i) => failed(i) && i.transaction.ip === null,
    say: () =>
      "No client address is known, so SPF could not help: give --ip and --helo, or take the message from the server's own mailbox.",
  },
  {
    fits: (i) => i.verdict.reason === "000",
    say: (i) =>
      `If it is legitimate: it must be signed with a DKIM key of ${author(i)}, or come from a host in its SPF record with a ${author(i)} envelope sender.`,
  },
  {
    fits: failed,
    say: (i) => `If it is legitimate: ${author(i)} should ${spfAdvice(i)} or sign with DKIM.`,
  },
];

function spfAdvice(inspection: Inspection): string {
  const own = inspection.evidence.spf.find((one) => one.identity === "mailfrom" && (one.aligned || one.alignedBestGuess));
  const listed = own !== undefined && own.reason !== "no-record";
  return `${listed ? "list" : "publish SPF for"} ${inspection.transaction.ip ?? "its hosts"}${listed ? " in its SPF record" : ""}`;
}

function signatureAdvice(inspection: Inspection): string {
  const { arc } = inspection.evidence;
  const signature = alignedSignature(inspection);
  switch (signature?.reason) {
    case "body-hash": {
      const sealer = arc.result === "pass" && !arc.trusted ? cut(arc.sets.at(-1)?.sealer ?? "the sealer", 72) : null;
      const mend =
        sealer === null
          ? "A list should write its own address into From."
          : `The ARC seal of ${sealer} holds, but you do not trust that sealer.`;
      return `a mailing list or gateway changed the body after ${author(inspection)} had signed it. ${mend}`;
    }
    case "expired":
      return `it arrived after its signature had expired; it may as well be an old message of ${author(inspection)} that somebody sent again.`;
    case "body-partly-signed":
      return `${author(inspection)} should sign the whole body (no l=); what follows the signed part may be anybody's.`;
    default:
      return `${author(inspection)} should mend its DKIM signature (${signature?.reason ?? "broken"}${signature?.selector == null ? "" : `, selector ${cut(signature.selector, 63)}`}).`;
  }
}

function fromAdvice({ from }: Inspection): string {
  switch (from.reason) {
    case "missing":
    case "empty":
      return "If it is legitimate: the sender must write a From field with one address.";
    case "several-fields":
    case "several-domains":
    case "several-addresses":
      return "If it is legitimate: the sender must write one From field with one address; a mail program may show any of these.";
    default:
      return 'If it is legitimate: the sender must write From as RFC 5322 says: "Name" <address@domain>.';
  }
}
