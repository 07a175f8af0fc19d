/**
 * What the SMTP client is told, as a value: the id of a reply and what goes into its text. Codes and wording are in
 * stamp/smtp-replies.ts; whoever decides names an event, never a code. Types only.
 */
import type { FromReason } from "../evidence/from/result.ts";
import type { Fact } from "./verdict.ts";

type None = Readonly<Record<never, never>>;
type Ip = { readonly ip: string };
type Domain = { readonly domain: string };

/** By id, what the text needs. Values may come from outside: the text is made safe where it is written. */
export type ReplyParameters = {
  // Anonymous IPv6.
  readonly "ipv6-no-ptr": Ip;
  readonly "ipv6-unauthenticated": Ip;
  readonly "ipv6-not-accepted": Domain;
  readonly "ipv6-range-limit": Ip & { readonly range: string };
  // The sender is refused.
  readonly "dmarc-reject": Domain;
  readonly "authentication-level": Domain;
  readonly "from-invalid": { readonly reason: FromReason };
  readonly "from-not-owned": None;
  readonly "ip-blocked": Ip & Domain;
  readonly "ip-banned": Ip;
  readonly "sender-banned": None;
  readonly "recipient-refuses": None;
  readonly "bad-helo": None;
  readonly "spf-violation": None;
  readonly "not-authenticated": None;
  readonly "relay-denied": None;
  readonly "recipients-blocked": { readonly recipients: readonly string[] };
  readonly throttled: None;
  readonly "rule-refuses": { readonly text: string | null };
  // Null MX.
  readonly "sender-null-mx": None;
  readonly "recipient-null-mx": None;
  // Not decided: come again.
  readonly "authentication-temporary": None;
  readonly "ptr-temporary": Ip;
  readonly "dmarc-temporary": Domain;
  readonly "filter-fault": None;
  readonly "filter-busy": None;
  readonly "another-organization": None;
};
export type ReplyId = keyof ReplyParameters;
export type Reply = { [Id in ReplyId]: { readonly id: Id } & ReplyParameters[Id] }[ReplyId];

/** What one rule of the dialogue found at its stage: a reply, or null where it has nothing against the message; and why. */
export type StageResult = { readonly reply: Reply | null; readonly facts: readonly Fact[] };
