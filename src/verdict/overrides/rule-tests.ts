/**
 * Reads one test of a rule behind its first word: `from is contoso.com`, `client in (192.0.2.0/24, 2001:db8::/32)`,
 * `header subject contains "invoice"`, `dmarc in (pass, bestguesspass)`. Values are normalised as they are read.
 */
import { limits } from "../../base/limits.ts";
import { type AddressForm, parseAddressForm, parseDomain } from "./address-form.ts";
import { network } from "./network-text.ts";
import {
  type AddressField,
  addressFields,
  type NameField,
  type NullPath,
  nameFields,
  type Test,
  type WordField,
  wordFields,
  wordsOf,
} from "./rule.ts";
import { isFault, peek, type Reader, take, type Unread, unread } from "./rule-reader.ts";

/** `name` is one of the words of conditions, `not` apart, and already taken. */
export function parseTest(reader: Reader, name: string): Test | Unread {
  if (name === "header") return readHeaderTest(reader);
  const addressField = addressFields.find((field) => field === name);
  if (addressField !== undefined) return readAddresses(reader, addressField);
  const nameField = nameFields.find((field) => field === name);
  if (nameField !== undefined) return readNames(reader, nameField);
  const wordField = wordFields.find((field) => field === name);
  return wordField === undefined ? readClient(reader) : readWords(reader, wordField);
}

function readAddresses(reader: Reader, field: AddressField): Test | Unread {
  const wanted = `an address, a domain or *.DOMAIN${field === "mail_from" ? ", or <>" : ""}`;
  const forms = readValues<AddressForm | NullPath>(reader, {
    wanted,
    words: [],
    parse: (text) => (text === "<>" && field === "mail_from" ? { kind: "null-path" } : parseAddressForm(text)),
  });
  return isFault(forms) ? forms : { kind: "address", field, forms };
}

function readNames(reader: Reader, field: NameField): Test | Unread {
  const domains = readValues(reader, { wanted: "a domain name", words: [], parse: parseDomain });
  return isFault(domains) ? domains : { kind: "name", field, domains };
}

function readClient(reader: Reader): Test | Unread {
  const networks = readValues(reader, {
    wanted: "an address or a network, such as 192.0.2.0/24 or 2001:db8::/32",
    words: [],
    parse: network,
  });
  return isFault(networks) ? networks : { kind: "client", networks };
}

function readWords(reader: Reader, field: WordField): Test | Unread {
  const known: readonly string[] = wordsOf[field];
  const wanted = field === "reason" ? "a reason code such as 001" : known.join(", ");
  const words = readValues(reader, { wanted, words: known, parse: (text) => known.find((word) => word === text.toLowerCase()) ?? null });
  return isFault(words) ? words : { kind: "word", field, words };
}

function readHeaderTest(reader: Reader): Test | Unread {
  const { kind, text: written } = peek(reader);
  if (kind !== "word" || !fieldName.test(written)) return unread(reader, "the name of a header field");
  reader.at++;
  const name = written.toLowerCase();
  if (take(reader, "exists")) return { kind: "header", name, operator: "exists", text: "" };
  const operator = (["contains", "matches"] as const).find((word) => take(reader, word));
  if (operator === undefined) return unread(reader, "contains, matches or exists", ["contains", "matches", "exists"]);
  const token = peek(reader);
  if (token.kind !== "text" || token.text === "") return unread(reader, "a text in quotes");
  reader.at++;
  return { kind: "header", name, operator, text: token.text };
}
// RFC 5322 §3.6.8: printable US-ASCII without the colon; what the lexer takes for itself apart.
const fieldName = /^[!-9;-~]{1,64}$/;

type Values<T> = { readonly wanted: string; readonly words: readonly string[]; readonly parse: (text: string) => T | null };

/** `is VALUE`, `in VALUE` or `in (VALUE, VALUE)`; what is said twice counts once. */
function readValues<T>(reader: Reader, values: Values<T>): readonly T[] | Unread {
  if (!take(reader, "is") && !take(reader, "in")) return unread(reader, "is or in", ["is", "in"]);
  if (!take(reader, "(")) {
    const only = readValue(reader, values);
    return "unread" in only ? only : [only.value];
  }
  const found = new Map<string, T>();
  do {
    if (found.size === limits.ruleValuesMax) return unread(reader, `at most ${limits.ruleValuesMax} values`);
    const next = readValue(reader, values);
    if ("unread" in next) return next;
    found.set(JSON.stringify(next.value), next.value);
  } while (take(reader, ","));
  return take(reader, ")") ? [...found.values()] : unread(reader, "a comma or )");
}

function readValue<T>(reader: Reader, { wanted, words, parse }: Values<T>): { readonly value: T } | Unread {
  const token = peek(reader);
  const value = token.kind === "word" || token.kind === "text" ? parse(token.text) : null;
  if (value === null) return unread(reader, wanted, words);
  reader.at++;
  return { value };
}
