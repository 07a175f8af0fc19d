/**
 * The words of overrides (design: compauth.md "Overrides"): what an entry may bypass, what may stand against a message, and the closed
 * list of kinds. A scope is bypassed only by an entry that names it; none implies another. Types and their words only.
 */

/** What an entry can be told to bypass. `ipv6-gate` is a scope so that asking for it has an answer: nothing waives it. */
export const scopes = ["from-validation", "authentication", "spoof", "ipv6-gate"] as const;
export type Scope = (typeof scopes)[number];

/** The scope of an override that bypasses nothing and only says what is done. */
export type OverrideScope = Scope | "action";

export const overrideKinds = [
  "pair",
  "sender",
  "recipient",
  "rule",
  "safe-sender",
  "ip-allow",
  "ip-block",
  "domain",
  "filter",
  "forwarder",
] as const;
export type OverrideKind = (typeof overrideKinds)[number];

/** What can stand against a message; an accepting entry lifts those that its row of the order names, and no others. */
export const objections = [
  "malware", // of a listed filter
  "high-confidence-phish", // of a listed filter
  "pair-block", // the operator blocks the pair
  "sender-block", // the operator blocks the sender
  "several-authors", // From does not yield exactly one author domain
  "rule-reject", // a mail flow rule ends the dialogue
  "rule-block", // a mail flow rule sets the message aside
  "ip-block", // the client is on the IP block list
  "dmarc", // compauth=fail 000 or 010: the From domain asks for it
  "spoof", // compauth=fail otherwise, or softpass
  "undecided", // a temporary error left DMARC open
  "suspicion", // a pass or none that looks like an impersonation
  "phish", // of a listed filter
  "spam", // of a listed filter, or of a blocked domain list
] as const;
export type Objection = (typeof objections)[number];
