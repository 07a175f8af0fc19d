/**
 * What `assay allow` and `assay block` are asked for, as entries: pairs by the documented syntax (`contoso.com, fabrikam.com`, or its two
 * sides as two words), and entries of the one-sided lists by option. What cannot be read is refused with what was wanted.
 */
import { limits } from "../../base/limits.ts";
import type { Entry } from "../../memory/entries.ts";
import { parseAddressForm } from "../../verdict/overrides/address-form.ts";
import { noteOf, type Pair, parsePair, parsePairSides } from "../../verdict/overrides/entry.ts";
import { defaultExpiry, type Expiry } from "../../verdict/overrides/expiry.ts";
import { defaultScopes, type ListKind, needsAuthenticationByDefault, parseSubject } from "../../verdict/overrides/list-entry.ts";
import type { Read } from "../../verdict/overrides/refusal.ts";
import type { Scope } from "../../verdict/overrides/scope.ts";
import type { WantedExpiry } from "./entry-options.ts";
import { UsageError } from "./ports.ts";
import { cut, shown } from "./shown.ts";

export type WantedOptions = {
  readonly sender?: readonly string[];
  readonly recipient?: readonly string[];
  readonly ip?: readonly string[];
  readonly domain?: readonly string[];
  readonly safeSender?: readonly string[];
  readonly forwarder?: readonly string[];
  readonly for?: string;
  readonly scope?: readonly Scope[];
  readonly authenticated?: boolean;
  readonly evenIfAuthenticated?: boolean;
  readonly expires?: WantedExpiry;
  readonly note?: string;
};

export type Making = { readonly action: "allow" | "block"; readonly by: string; readonly today: number };

/** EOP's limit on one command, and reason enough to look at what was typed. */
const pairsMax = 20;

/** In the order they were given; their ids are the store's to give. */
export function wantedEntries(words: readonly string[], options: WantedOptions, making: Making): readonly Entry[] {
  const pairs = pairsOf(words, making.action).map((pair): Entry => ({ shape: "pair", entry: pairEntry(pair, options, making) }));
  const lists = listsOf(options, making.action).map(
    ([kind, text]): Entry => ({ shape: "list", entry: listEntry(kind, text, { options, making }) }),
  );
  if (pairs.length === 0 && options.evenIfAuthenticated === true) throw new UsageError("--even-if-authenticated is for blocks of a pair");
  if (making.action === "allow" && options.evenIfAuthenticated === true)
    throw new UsageError("--even-if-authenticated is for assay block: what authenticates needs no allow entry");
  if (lists.length === 0) refuseListOptions(options);
  const wanted = [...pairs, ...lists];
  if (wanted.length === 0)
    throw new UsageError(`nothing to ${making.action}: name a pair, such as contoso.com fabrikam.com, or see --help`);
  return wanted;
}

function pairsOf(words: readonly string[], action: Making["action"]): readonly Pair[] {
  if (words.length === 0) return [];
  const [user, infrastructure, ...others] = words;
  const whole = words.every((word) => word.includes(",") && word.slice(word.lastIndexOf(",") + 1).trim() !== "");
  if (whole && words.length > pairsMax) throw new UsageError(`at most ${pairsMax} pairs at a time; these are ${words.length}`);
  if (whole) return words.map((word) => taken(parsePair(word), { text: word, action }));
  if (user !== undefined && infrastructure !== undefined && others.length === 0) {
    const bare = user.endsWith(",") ? user.slice(0, -1) : user;
    return [taken(parsePairSides(bare, infrastructure), { text: `${bare}, ${infrastructure}`, action })];
  }
  if (words.length === 1)
    throw new UsageError(
      `a pair has two sides, whose name is shown and who sends it: assay ${action} ${shown(cut(user ?? "", 80))} fabrikam.com; or say what ${shown(cut(user ?? "", 80))} is: --sender, --recipient, --ip, --domain`,
    );
  throw new UsageError("write one pair as two words, or several each in quotes with a comma, such as 'contoso.com, fabrikam.com'");
}

function taken<T>(read: Read<T>, { text, action }: { readonly text: string; readonly action: Making["action"] }): T {
  if (read.status === "read") return read.value;
  const { why, offer } = read.refusal;
  const [user] = text.split(",", 1);
  const safe = offer === null ? "" : offer.includes(",") ? `; try '${offer}'` : `; try assay ${action} ${(user ?? "").trim()} ${offer}`;
  throw new UsageError(`${cut(text, 120)}: ${why}${safe}`);
}

type Common = {
  readonly note: string | null;
  readonly by: string;
  readonly madeDay: number;
  readonly matchedDay: null;
  readonly expiry: Expiry;
};

function common({ note, expires }: WantedOptions, { action, by, today }: Making): Common {
  if (note !== undefined && note.length > limits.entryNoteCharactersMax)
    throw new UsageError(`--note: at most ${limits.entryNoteCharactersMax} characters; these are ${note.length}`);
  const expiry: Expiry = expires?.kind === "in" ? { kind: "day", day: today + expires.days } : (expires ?? defaultExpiry(action));
  if (expiry.kind === "day" && expiry.day < today) throw new UsageError("--expires: that day is over");
  return { note: noteOf(note), by, madeDay: today, matchedDay: null, expiry };
}

function pairEntry(pair: Pair, options: WantedOptions, making: Making) {
  const { action } = making;
  return { id: "", action, ...pair, evenIfAuthenticated: options.evenIfAuthenticated === true, ...common(options, making) };
}

function listsOf(options: WantedOptions, action: Making["action"]): readonly (readonly [ListKind, string])[] {
  const of = (kind: ListKind, texts: readonly string[] = []) => texts.map((text) => [kind, text] as const);
  return [
    ...of("sender", options.sender),
    ...of("recipient", options.recipient),
    ...of(action === "allow" ? "ip-allow" : "ip-block", options.ip),
    ...of("domain", options.domain),
    ...of("safe-sender", options.safeSender),
    ...of("forwarder", options.forwarder),
  ];
}

function listEntry(kind: ListKind, text: string, { options, making }: { readonly options: WantedOptions; readonly making: Making }) {
  const { action } = making;
  const subject = parseSubject(text);
  if (subject === null) throw new UsageError(`--${optionOf[kind]} wants ${wantedOf[kind]}; this is none: “${cut(shown(text), 80)}”`);
  const recipient = options.for === undefined ? null : parseAddressForm(options.for);
  if (options.for !== undefined && recipient === null)
    throw new UsageError(`--for wants a mailbox or a domain of yours; this is none: “${cut(shown(options.for), 80)}”`);
  const aboutFrom = kind === "sender" || kind === "domain" || kind === "safe-sender";
  return {
    ...{ id: "", kind, action, subject, recipient: kind === "safe-sender" || kind === "forwarder" ? recipient : null },
    scopes: options.scope ?? defaultScopes(kind, action),
    needsAuthentication: action === "allow" && aboutFrom && (options.authenticated === true || needsAuthenticationByDefault(kind, subject)),
    ...common(options, making),
  };
}

function refuseListOptions({ scope, authenticated, for: recipient }: WantedOptions): void {
  const named =
    scope !== undefined ? "--scope" : authenticated !== undefined ? "--authenticated" : recipient !== undefined ? "--for" : null;
  if (named !== null)
    throw new UsageError(`${named} is for entries of the lists, such as --sender; a pair allows what it says and no more`);
}

const optionOf: Readonly<Record<ListKind, string>> = {
  ...{ sender: "sender", recipient: "recipient", "safe-sender": "safe-sender", domain: "domain", forwarder: "forwarder" },
  ...{ "ip-allow": "ip", "ip-block": "ip" },
};

const wantedOf: Readonly<Record<ListKind, string>> = {
  sender: "an address, a domain or *.domain, such as ann@contoso.com",
  recipient: "one of your mailboxes, such as postmaster@fabrikam.com",
  "safe-sender": "an address or a domain, such as ann@contoso.com",
  domain: "a domain or *.domain, such as contoso.com",
  forwarder: "a network, ptr:DOMAIN or dkim:DOMAIN, such as dkim:lists.example",
  "ip-allow": "an address or a network, such as 192.0.2.0/24",
  "ip-block": "an address or a network, such as 192.0.2.0/24",
};
