/**
 * What a door does with a message, from its inspection: the action, where it is not withheld. A door that cannot hold delivers what is to be
 * quarantined, marked as it is.
 */
import type { Inspection } from "../../stamp/inspection.ts";
import type { Disposition, SmtpReply } from "./journey.ts";

type Decided = Exclude<Disposition, { readonly kind: "gone" }>;

export function dispositionOf(inspection: Inspection): Decided {
  const { kind, smtp, withheld } = inspection.action;
  if (withheld) return accepted(inspection, null);
  switch (kind) {
    case "reject":
      return refused(inspection, smtp ?? withoutWords.reject);
    case "tempfail":
      return refused(inspection, smtp ?? withoutWords.tempfail);
    case "quarantine":
      return accepted(inspection, `sender authentication: ${inspection.verdict.compauth} reason=${inspection.verdict.reason}`);
    case "deliver":
    case "junk":
      return accepted(inspection, null);
    default:
      return kind satisfies never;
  }
}

function accepted(inspection: Inspection, hold: string | null): Decided {
  return { kind: "accept", headers: inspection.headers, removals: inspection.removals, hold, inspection };
}

function refused(inspection: Inspection, reply: SmtpReply): Decided {
  return { kind: "refuse", reply, inspection };
}

/** An action whose rule gave it no words. */
const withoutWords = {
  reject: { code: 550, enhanced: "5.7.1", text: "Message refused by policy." },
  tempfail: { code: 451, enhanced: "4.7.1", text: "Message cannot be accepted for now, please try again later." },
} as const satisfies Readonly<Record<string, SmtpReply>>;
