/**
 * From validation (RFC 5322 §3.6.2, RFC 9989 §5.3.1; rules of reference eop.md §6): one From field with one author domain, or a named
 * reason. What it reads it gives also when the field is invalid, so that DMARC can be evaluated for every domain in question.
 * Sender, Reply-To and the Resent- fields play no part. It never falls back to another field and never throws.
 */
import { limits } from "../../base/limits.ts";
import { type AddressList, type ParsedMailbox, parseAddressList } from "../../mail/address.ts";
import { issueGrades } from "../../mail/address-issue.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { decodeEncodedWords, hasEncodedWord } from "../../mail/encoded-word.ts";
import { type FoundAddress, findAddresses } from "../../mail/find-addresses.ts";
import { type Field, fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import { openMessage } from "../../mail/message.ts";
import { decodeUtf8 } from "../../mail/utf8-text.ts";
import { displayNameAdvice, hasInvisible, printableName } from "./display-name.ts";
import { type FromAdvice, type FromProfile, type FromReason, type FromResult, fromAdvice, fromReasons, type Mailbox } from "./result.ts";
import { displayNameNotQuoted, type Rule, rules, severalAddresses } from "./rules.ts";

export type ParsedFrom = FromResult & { readonly mailboxes: readonly Mailbox[] };

/** Validates the From field of a scanned header. */
export function validateFrom(header: Header, profile: FromProfile = "eop"): FromResult {
  return toResult(examine(header, profile));
}

/** Contract: `bytes` is a header block: zero or more complete fields, line ends there or not; other fields are ignored. */
export function parseFrom(bytes: Uint8Array, profile: FromProfile = "eop"): ParsedFrom {
  const found = examine(openMessage(bytes).header, profile);
  return { ...toResult(found), mailboxes: found.mailboxes };
}

/** What is found on the way. */
type Findings = {
  readonly profile: FromProfile;
  readonly reasons: FromReason[];
  readonly advice: FromAdvice[];
  readonly mailboxes: Mailbox[];
  /** Names that stand where an address should: `Sender, Example <…>`. */
  readonly names: string[];
  /** Addresses that only some readers would find. */
  readonly recovered: FoundAddress[];
};

function examine(header: Header, profile: FromProfile): Findings {
  const found: Findings = { profile, reasons: [], advice: [], mailboxes: [], names: [], recovered: [] };
  // RFC 5322 §4.5: `From :` is From too; so is whatever else a reader may take for it. The header keeps the disguises by name.
  const fields = fieldsNamed(header, "from");
  if (header.defects.has("header-too-large")) found.reasons.push("header-too-large");
  if (header.defects.has("leading-space")) found.reasons.push("malformed-field");
  if (fields.length === 0) found.reasons.push("missing");
  if (fields.length > 1) found.reasons.push("several-fields");
  for (const field of fields.slice(0, limits.fromMailboxesMax)) examineField(header, field, found);
  return found;
}

function examineField(header: Header, field: Field, found: Findings): void {
  if (field.nameDefect === "space-before-colon") found.advice.push("obsolete-syntax");
  else if (field.nameDefect !== null) found.reasons.push("malformed-field");
  if (field.end - field.colon - 1 > limits.fromFieldBytesMax) found.reasons.push("field-too-long");
  const { text, valid } = decodeUtf8(unfoldedValue(header, field));
  if (!valid) found.reasons.push("invalid-utf-8");
  const list = parseAddressList(text);
  weighIssues(list, found);
  weighMailboxes(list, found);
  for (const phrase of list.phrases) found.names.push(phrase.decoded);
  // Nobody knows how others read what the grammar does not derive: every address in it counts.
  if (list.issues.some(({ kind }) => issueGrades[kind] === "broken")) {
    found.recovered.push(...findAddresses(text), ...findAddresses(decodeEncodedWords(text)));
  }
}

function weighIssues({ issues, mailboxes }: AddressList, found: Findings): void {
  for (const { kind } of issues) {
    // Words without an address beside no address are an empty field, not a comma too many.
    if (mailboxes.length === 0 && (kind === "no-address" || kind === "empty-brackets")) continue;
    weigh(rules[kind], found);
  }
  if (mailboxes.length === 0) found.reasons.push("empty");
}

function weigh(rule: Rule, found: Findings): void {
  const meaning = rule[found.profile];
  if (meaning === null) return;
  if ("reason" in meaning) found.reasons.push(meaning.reason);
  else found.advice.push(meaning.advice);
}

function weighMailboxes({ mailboxes }: AddressList, found: Findings): void {
  const names: string[] = [];
  for (const parsed of mailboxes) {
    const mailbox = readMailbox(parsed, found);
    const name = mailbox.domain ?? parsed.domain.toLowerCase();
    if (!names.includes(name)) names.push(name);
    found.mailboxes.push(mailbox);
  }
  if (names.length > 1) found.reasons.push("several-domains");
  else if (mailboxes.length > 1) weigh(severalAddresses, found);
}

function readMailbox(parsed: ParsedMailbox, found: Findings): Mailbox {
  const { displayName, localPart } = parsed;
  const domain = readDomain(parsed.domain, found);
  if (hasInvisible(localPart)) found.advice.push("invisible-characters");
  if (displayName !== null) {
    if (!displayName.quoted && !hasEncodedWord(displayName.text)) weigh(displayNameNotQuoted, found);
    const { text, decoded } = displayName;
    for (const word of displayNameAdvice({ text, decoded, address: `${localPart}@${domain ?? parsed.domain}` })) found.advice.push(word);
  }
  return {
    displayName: displayName === null ? null : printableName(displayName.decoded),
    address: `${localPart}@${parsed.domain}`,
    localPart,
    domain,
  };
}

/** A-labels; a domain that mail cannot be sent to leaves its reason, and is given all the same where DNS could carry it. */
function readDomain(written: string, found: Findings): string | null {
  if (written.startsWith("[")) {
    found.reasons.push("address-literal");
    return null;
  }
  const domain = domainToAscii(written);
  if (domain === null || hasInvisible(written) || !isMailDomain(domain)) found.reasons.push("domain");
  return domain;
}

/** RFC 1123 §2.1: no hyphen at the edge of a label; two labels at least; the last is not a number, for that is an address. */
function isMailDomain(domain: string): boolean {
  return domain.includes(".") && !hyphenAtEdge.test(domain) && !numberAtEnd.test(domain);
}
const hyphenAtEdge = /^-|-\.|\.-|-$/;
const numberAtEnd = /\.\d+$/;

function toResult(found: Findings): FromResult {
  const reason = found.reasons.length === 0 ? null : (fromReasons.find((word) => found.reasons.includes(word)) ?? null);
  const first = found.mailboxes.find(({ domain }) => domain !== null) ?? found.mailboxes[0];
  const spare = first?.domain == null ? found.recovered[0] : undefined;
  return {
    result: reason === null ? "valid" : "invalid",
    reason,
    address: first?.address ?? spare?.address ?? null,
    domain: first?.domain ?? spare?.domain ?? null,
    displayName: shownName(found, first),
    advice: found.advice.length === 0 ? none : fromAdvice.filter((word) => found.advice.includes(word)),
    domains: domainsOf(found, first),
  };
}
const none: readonly FromAdvice[] = [];

function domainsOf(found: Findings, first: Mailbox | undefined): readonly string[] {
  const domains: string[] = [];
  const add = (domain: string | null): void => {
    if (domain !== null && domains.length < limits.fromDomainsMax && !domains.includes(domain)) domains.push(domain);
  };
  if (first !== undefined) add(first.domain);
  for (const { domain } of found.mailboxes) add(domain);
  for (const { domain } of found.recovered) add(domain);
  return domains;
}

/** `Sender, Example <…>`: the words before a comma too many belong to the name that a reader sees. */
function shownName({ names, mailboxes }: Findings, first: Mailbox | undefined): string | null {
  const own = first?.displayName ?? null;
  if (names.length === 0 || mailboxes.length > 1) return own;
  return printableName((own === null ? names : [...names, own]).join(", "));
}
