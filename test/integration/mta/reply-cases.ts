/**
 * A message for each reply of the policy, and the words that its client must read (src/stamp/smtp-replies.ts), for every door alike. The
 * configuration must enforce, honour p=reject always, have null_mx_inbound and the rules of zone.ts; the account anna is for submission.
 */
import { clients, letter } from "./zone.ts";

export type Case = {
  readonly ip?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly message?: string;
  readonly login?: string;
  readonly helo?: string;
};
const trail = " \\[id [0-9a-f]{28}\\]";
export type ReplyCase = Case & { readonly name: string; readonly at: "mail" | "rcpt" | "end"; readonly reply: RegExp };
export const replyCases: readonly ReplyCase[] = [
  {
    name: "DMARC p=reject",
    ip: clients.stranger,
    from: "x@nothing.example",
    at: "end",
    reply: new RegExp(
      `^550 5\\.7\\.509 Access denied, sending domain \\[good\\.example\\] does not pass DMARC verification and has a DMARC policy of reject\\.${trail}$`,
    ),
  },
  {
    name: "From enforcement: no From",
    message: letter({ from: "" }),
    at: "end",
    reply: new RegExp(`^550 5\\.7\\.512 Access denied, message must be RFC\x205322 section 3\\.6\\.2 compliant${trail} \\(missing\\)$`),
  },
  {
    name: "From enforcement: two From fields",
    message: letter({ above: "From: ceo@bank.example\r\n" }),
    at: "end",
    reply: /^550 5\.7\.512 Access denied, message must be RFC\x205322 section 3\.6\.2 compliant /,
  },
  {
    name: "IPv6, a domain that has not opted in",
    ip: clients.six,
    at: "rcpt",
    reply: /^550 5\.2\.1 Service unavailable, \[inbound\.test\] does not accept email over IPv6\.$/,
  },
  {
    name: "IPv6 without a reverse name",
    ip: clients.sixWithoutPtr,
    to: ["bob@six.test"],
    at: "rcpt",
    reply: /^450 4\.7\.25 Service unavailable, sending IPv6 address \[2001:db8::3\] must have reverse DNS record\.$/,
  },
  {
    name: "IPv6 whose reverse name cannot be asked",
    ip: clients.sixBrokenPtr,
    to: ["bob@six.test"],
    at: "rcpt",
    reply: /^451 4\.4\.3 Temporary DNS failure while looking up the reverse DNS record of \[2001:db8::4\], please try again later\.$/,
  },
  {
    name: "IPv6 with neither SPF nor DKIM",
    ip: clients.six,
    to: ["bob@six.test"],
    from: "x@nothing.example",
    helo: "nobody.example",
    message: letter({ from: "x@nothing.example" }),
    at: "end",
    reply: /^450 4\.7\.26 Service unavailable, message sent over IPv6 \[2001:db8::1\] must pass either SPF or DKIM validation\. /,
  },
  { name: "null MX of the sender", from: "x@noreply.example", at: "mail", reply: /^550 5\.7\.27 Sender address has null MX$/ },
  {
    name: "a rule's own text, percent signs and all",
    message: letter({ above: "X-Test-Rule: percent\r\n" }),
    at: "end",
    reply: new RegExp(`^550 5\\.7\\.1 100% sure: %s, %d and %% are only text${trail}$`),
  },
  {
    name: "submission: null MX of the recipient",
    login: "anna",
    from: "anna@inbound.test",
    to: ["x@noreply.example"],
    message: letter({ from: "anna@inbound.test" }),
    at: "rcpt",
    reply: /^556 5\.1\.10 Recipient address has null MX$/,
  },
  {
    name: "submission: a From that is not the account's",
    login: "anna",
    from: "anna@inbound.test",
    to: ["x@partner.example"],
    message: letter({ from: "ceo@inbound.test" }),
    at: "end",
    reply: /^550 5\.7\.1 Access denied, the From address does not belong to this account\. /,
  },
];
