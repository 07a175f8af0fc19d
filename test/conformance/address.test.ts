/**
 * Address syntax against material by other authors: isemail's categories, the recorded answers of a lenient parser and of CPython's.
 * They disagree among each other. Where an answer is not RFC 5322's, the case is listed here with the text that says so; a listed
 * case that starts to agree fails the run.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseFrom } from "../../src/evidence/from/validate.ts";
import { type AddressList, parseAddressList } from "../../src/mail/address.ts";
import { issueGrades } from "../../src/mail/address-issue.ts";
import { unquote } from "../../src/mail/address-tokens.ts";
import { parsePath } from "../../src/mail/path.ts";
import { requireCorpus } from "../corpora.ts";

const isBroken = (list: AddressList) => list.issues.some(({ kind }) => issueGrades[kind] === "broken");
const addresses = (list: AddressList) => list.mailboxes.map(({ localPart, domain }) => `${localPart}@${domain}`);

/** The rows where the answers differ must be exactly those listed. */
function compare(differing: readonly string[], listed: Readonly<Record<string, string>>): void {
  assert.deepEqual([...new Set(differing)].sort(), Object.keys(listed).sort());
}

type IsemailCase = { readonly id: string; readonly address: string; readonly category: string };

function isemailCases(path: string): readonly IsemailCase[] {
  return [...readFileSync(path, "utf8").matchAll(/<test id="(\d+)">([\s\S]*?)<\/test>/g)].map(([, id = "", inner = ""]) => ({
    id,
    address: unescapeXml(/<address>([\s\S]*?)<\/address>/.exec(inner)?.[1] ?? ""),
    category: /<category>ISEMAIL_([A-Z0-9_]+)</.exec(inner)?.[1] ?? "",
  }));
}

/** The corpus writes control characters as the pictures of U+2400. */
function unescapeXml(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&")
    .replace(/[\u2400-\u241f]/g, (picture) => String.fromCharCode(picture.charCodeAt(0) - 0x2400));
}

const obsoleteControl = "DEVIATION: RFC 5322 §4.1 lets obsolete text carry control characters; here they are broken everywhere";
const hostHyphen = "RFC 5322 §3.2.3: a dot-atom may begin or end with a hyphen; that no host does is for From validation to say";

test("isemail: RFC 5322 derives what it does not call an error, and nothing else (164 cases)", (t) => {
  const path = requireCorpus(t, "from/isemail.xml");
  if (path === null) return;
  const cases = isemailCases(path);
  assert.equal(cases.length, 164);
  const differing = cases.filter(({ address, category }) => {
    const list = parseAddressList(address);
    const derived = !isBroken(list) && list.mailboxes.length === 1;
    return derived !== (category !== "ERR");
  });
  compare(
    differing.map(({ id }) => id),
    {
      "30": hostHyphen,
      "31": hostHyphen,
      "102": hostHyphen,
      "58": obsoleteControl,
      "115": obsoleteControl,
      "124": obsoleteControl,
      "125": obsoleteControl,
      "126": obsoleteControl,
      "134": obsoleteControl,
      "138": obsoleteControl,
      "139": obsoleteControl,
      "140": obsoleteControl,
      "160": "RFC 6532 §3.2 adds UTF-8 to VCHAR, and with it to quoted-pair; the case is older",
    },
  );
});

test("isemail: From in profile rfc5322 takes no error, and of the rest what names a domain", (t) => {
  const path = requireCorpus(t, "from/isemail.xml");
  if (path === null) return;
  for (const { id, address, category } of isemailCases(path)) {
    // Line ends are the header's own affair: they end the field.
    if (/[\r\n]/.test(address)) continue;
    const { result, domain } = parseFrom(Buffer.from(`From: ${address}\r\n`, "utf8"), "rfc5322");
    if (category === "ERR" && id !== "160") assert.equal(result, "invalid", `${id}: ${JSON.stringify(address)}`);
    if (category === "VALID_CATEGORY" && domain?.includes(".")) assert.equal(result, "valid", `${id}: ${JSON.stringify(address)}`);
  }
});

test("isemail: RFC 5321 paths", (t) => {
  const path = requireCorpus(t, "from/isemail.xml");
  if (path === null) return;
  const mail = new Set(["VALID_CATEGORY", "DNSWARN", "RFC5321"]);
  const tooLong = "RFC 5321 §4.5.3.1.1: 64 octets of local part, 256 of path are the least a server takes, not the most there are";
  // An empty address is the null path, a case apart.
  const cases = isemailCases(path).filter(({ address }) => address !== "");
  compare(
    cases.filter(({ address, category }) => (parsePath(address).kind === "mailbox") !== mail.has(category)).map(({ id }) => id),
    {
      "26": tooLong,
      "39": tooLong,
      "59": tooLong,
      "60": tooLong,
      "71": "RFC 4291 §2.2: '::' may stand for one group",
    },
  );
});

type Recorded = { readonly address?: string; readonly name: string; readonly group?: readonly Recorded[] };
type LenientRow = { readonly input: string; readonly got?: unknown; readonly actual?: unknown };

const flat = (recorded: readonly Recorded[]): readonly (readonly [string, string])[] =>
  recorded.flatMap(({ address, name, group }) => (group === undefined ? [[address ?? "", name] as const] : flat(group)));

const noQuotes = "RFC 5322 §3.4: an addr-spec takes no words before it; display names need angle brackets";
const comma = "RFC 5322 §3.2.3: a comma is a special and separates mailboxes, unless it is quoted";
const semicolon = "RFC 5322 §3.4: a semicolon ends a group and separates nothing";
const nested = "RFC 5322 §3.4: group-list holds mailboxes, no groups";

test("a lenient parser's recorded answers: the same addresses and names, or the field is not RFC 5322's", (t) => {
  const path = requireCorpus(t, "from/addressparser.jsonl");
  if (path === null) return;
  const rows: readonly LenientRow[] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(rows.length, 202);
  const differing = rows.flatMap(({ input, got, actual }) => {
    const recorded = got ?? actual;
    if (!Array.isArray(recorded)) return [];
    const list = parseAddressList(input);
    const ours = list.mailboxes.map(({ localPart, domain, displayName }) => [`${localPart}@${domain}`, displayName?.decoded ?? ""]);
    const same = !isBroken(list) && JSON.stringify(flat(recorded)) === JSON.stringify(ours);
    return same ? [] : [input.length > 60 ? `${input.slice(0, 57)}...` : input];
  });
  compare(differing, {
    "andris andris@tr.ee": noQuotes,
    '"Firstname \\" \\\\\\, Lastname \\(Test\\)" test@example.com': noQuotes,
    "andris@tr.ee (andris)": "RFC 5322 §3.4: what a comment means is not specified; it is no display name",
    "andris@tr.ee (reinman) andris": "RFC 5322 §3.4: nothing but comments follows an addr-spec",
    andris: "RFC 5322 §3.4: a mailbox has an address",
    "O'Neill": "RFC 5322 §3.4: a mailbox has an address",
    "@example.com": "RFC 5322 §3.4.1: a local part is not empty",
    "user@@example.com": "RFC 5322 §3.4.1: one at-sign",
    "name@address.com@address2.com": "RFC 5322 §3.4.1: one at-sign",
    [`${"@".repeat(57)}...`]: "RFC 5322 §3.4.1: one at-sign",
    "alice@example.com, bob[@example.com, carol@example.com": "RFC 5322 §3.2.3: a bracket opens a literal, which does not end",
    "a@[b, c@d": "RFC 5322 §3.4.1: a domain-literal ends with a bracket",
    "reinman > andris < test <andris@tr.ee>": "RFC 5322 §3.2.3: angle brackets are specials",
    "FirstName Surname-WithADash :: Company <firstname@company...": "RFC 5322 §3.2.3: a colon is a special; no group ends here",
    "andris@tr.ee; andris@example.com;": semicolon,
    "Test User <test.user@mail.ee>; Disclosed:andris@tr.ee, an...": semicolon,
    "Test User <test.user@mail.ee>, Disclosed:andris@tr.ee, an...": semicolon,
    "Joe Foo, PhD <joe@example.com>": comma,
    "A, B, C <d@e.com>": comma,
    "Joe, PhD <j@e.com>, Jane, MD <jane@e.com>": comma,
    "a@b.com, Foo, Bar <c@d.com>, e@f.com": comma,
    "Title, Group: a@b.com;": comma,
    "Group1:a@b.com, Group2:c@d.com;;": nested,
    "Outer:Inner:deep@example.com;;": nested,
    "Outer: Inner: deep@example.com; ;": nested,
    "g0: g1: g2: g3: g4: g5: g6: g7: g8: g9: user@example.com;": nested,
    "g0: g1: g2: g3: g4: g5: g6: g7: g8: g9: g10: g11: g12: g1...": nested,
  });
});

type CpythonOut = {
  readonly raises?: string;
  readonly rest?: string;
  readonly defects?: readonly string[];
  readonly mailboxes?: readonly string[];
  readonly local_part?: string;
  readonly domain?: string;
  readonly display_name?: string | null;
};
type CpythonRow = { readonly fn: string; readonly input: unknown; readonly out: CpythonOut };

function cpythonRows(path: string): readonly CpythonRow[] {
  const rows: readonly CpythonRow[] = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(rows.length, 1862);
  return rows;
}

test("CPython's header parser: mailboxes and address lists, defects and all", (t) => {
  const path = requireCorpus(t, "from/cpython.jsonl");
  if (path === null) return;
  const functions = new Set(["get_mailbox", "get_address", "get_address_list", "get_mailbox_list"]);
  const differing: string[] = [];
  let compared = 0;
  for (const { fn, input, out } of cpythonRows(path)) {
    if (!functions.has(fn) || typeof input !== "string" || out.raises !== undefined) continue;
    compared++;
    const text = out.rest === undefined || out.rest === "" ? input : input.slice(0, -out.rest.length);
    if (!agrees(text, out)) differing.push(text.trim());
  }
  assert.ok(compared > 250, `${compared} compared`);
  const inQuotes = "RFC 2047 §5 (3) forbids to write an encoded word in a quoted-string; RFC 5322 §3.2.4 derives it as text all the same";
  compare(differing, {
    '"=?utf-8?q?=C3=89ric?=" <foo@example.com>': inQuotes,
    'foo: "=?utf-8?q?=C3=89ric?=" <foo@example.com>;': inQuotes,
  });
});

function agrees(text: string, out: CpythonOut): boolean {
  const list = parseAddressList(text);
  const theirsBroken = (out.defects ?? []).some((defect) => defect !== "ObsoleteHeaderDefect");
  if (theirsBroken || isBroken(list)) return theirsBroken === isBroken(list);
  if (out.mailboxes !== undefined && out.mailboxes.length !== list.mailboxes.length) return false;
  const [mailbox] = list.mailboxes;
  if (out.domain === undefined || mailbox === undefined) return true;
  const localPart = mailbox.localPart.startsWith('"') ? unquote(mailbox.localPart) : mailbox.localPart;
  const name = out.display_name ?? mailbox.displayName?.decoded ?? "";
  return localPart === out.local_part && mailbox.domain === out.domain && name === (mailbox.displayName?.decoded ?? "");
}

test("CPython's getaddresses and parseaddr in strict mode: the same addresses, or none", (t) => {
  const path = requireCorpus(t, "from/cpython.jsonl");
  if (path === null) return;
  const differing: string[] = [];
  let compared = 0;
  for (const row of cpythonRows(path)) {
    const call = legacyCall(row);
    if (call === null) continue;
    compared++;
    const lists = call.texts.map(parseAddressList);
    const theirs = call.pairs.map(([, address]) => address).filter((address) => address !== "");
    const ours = lists.some(isBroken) ? [] : lists.flatMap(addresses);
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) differing.push(call.texts.join());
  }
  assert.ok(compared > 40, `${compared} compared`);
  const words = "RFC 5322 §3.4.1: the words of a local part have dots between them";
  compare(differing, {
    '""example" example"@example.com': words,
    '"\\\\"example\\\\" example"@example.com': words,
    "merwok wok@xample.com": words,
    "merwok  wok@xample.com": words,
    " merwok  wok  @xample.com": words,
    'merwok"wok"  wok@xample.com': words,
    "Foo\n\tBar <foo@example.com>": "RFC 5322 §2.2.3: a fold is CRLF and white space; the header's own unfolding comes first",
  });
});

/** getaddresses(list of texts) and parseaddr(text); other calls test the function, not the grammar. */
function legacyCall({ fn, input, out }: CpythonRow): { texts: readonly string[]; pairs: readonly (readonly [string, string])[] } | null {
  if ((fn !== "getaddresses" && fn !== "parseaddr") || !Array.isArray(input) || !Array.isArray(out)) return null;
  const [texts, options] = input;
  if (Object.keys(options ?? {}).length > 0) return null;
  if (fn === "getaddresses") return { texts, pairs: out };
  return typeof texts === "string" ? { texts: [texts], pairs: [[String(out[0]), String(out[1])]] } : null;
}

test("CVE-2023-27043: alice@example.org and something, then <bob@example.com>, is no valid From of either", (t) => {
  const path = requireCorpus(t, "from/cpython.jsonl");
  if (path === null) return;
  let seen = 0;
  for (const { fn, input } of cpythonRows(path)) {
    const text = fn === "getaddresses" && Array.isArray(input) ? String(input[0]) : "";
    if (!/^alice@example\.org[^ ]<bob@example\.com>$/.test(text)) continue;
    seen++;
    for (const profile of ["eop", "rfc5322"] as const) {
      const { result, domains } = parseFrom(Buffer.from(`From: ${text}\r\n`), profile);
      assert.equal(result, "invalid", text);
      assert.deepEqual([...domains].sort(), ["example.com", "example.org"], text);
    }
  }
  assert.ok(seen >= 10);
});
