import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { type AddressList, parseAddressList } from "./address.ts";
import { type IssueKind, issueGrades } from "./address-issue.ts";

const addresses = (list: AddressList) => list.mailboxes.map(({ localPart, domain }) => `${localPart}@${domain}`);
const kinds = (list: AddressList) => list.issues.map(({ kind }) => kind);
const broken = (list: AddressList) => list.issues.some(({ kind }) => issueGrades[kind] === "broken");

type Row = readonly [text: string, mailboxes: readonly string[], names: readonly (string | null)[], issues: readonly IssueKind[]];

const rows: readonly Row[] = [
  // RFC 5322 §3.4: the plain forms.
  ["jane@example.com", ["jane@example.com"], [null], []],
  ["<jane@example.com>", ["jane@example.com"], [null], []],
  ["Jane Doe <jane@example.com>", ["jane@example.com"], ["Jane Doe"], []],
  ['"Doe, Jane" <jane@example.com>', ["jane@example.com"], ["Doe, Jane"], []],
  ['Jane "Q." Doe <jane@example.com>', ["jane@example.com"], ["Jane Q. Doe"], []],
  ['"Jane \\"JD\\" \\\\ Doe" <jane@example.com>', ["jane@example.com"], ['Jane "JD" \\ Doe'], []],
  ["jane@example.com, John <john@example.org>", ["jane@example.com", "john@example.org"], [null, "John"], []],
  ["jane+tag/x=1!#$%&'*?^_`{|}~-@example.com", ["jane+tag/x=1!#$%&'*?^_`{|}~-@example.com"], [null], []],
  ["jane@[192.0.2.1]", ["jane@[192.0.2.1]"], [null], []],
  ["jane@[IPv6:2001:db8::1]", ["jane@[IPv6:2001:db8::1]"], [null], []],
  ["\tjane@example.com ", ["jane@example.com"], [null], []],
  // RFC 5322 §A.1.1 to §A.1.3, §A.5, §A.6.1, §A.6.3.
  ['"Joe Q. Public" <john.q.public@example.com>', ["john.q.public@example.com"], ["Joe Q. Public"], []],
  [
    'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>, <boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
    ["mary@x.test", "jdoe@example.org", "one@y.test", "boss@nil.test", "sysservices@example.net"],
    ["Mary Smith", null, "Who?", null, 'Giant; "Big" Box'],
    [],
  ],
  [
    "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
    ["c@a.test", "joe@where.test", "jdoe@one.test"],
    ["Ed Jones", null, "John"],
    ["group"],
  ],
  ["Undisclosed recipients:;", [], [], ["group"]],
  [
    "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
    ["pete@silly.test"],
    ["Pete"],
    ["comment-before", "comment-in-address"],
  ],
  [
    "A Group(Some people)\t:Chris Jones <c@(Chris's host.)public.example>,\tjoe@example.org, John <jdoe@one.test> (my dear friend); (the end of the group)",
    ["c@public.example", "joe@example.org", "jdoe@one.test"],
    ["Chris Jones", null, "John"],
    ["comment-before", "comment-in-address", "comment-after", "group"],
  ],
  ["(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", [], [], ["comment-before", "group"]],
  ["Joe Q. Public <john.q.public@example.com>", ["john.q.public@example.com"], ["Joe Q. Public"], ["dot-in-name"]],
  [
    "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
    ["mary@example.net", "jdoe@test.example"],
    ["Mary Smith", null],
    ["source-route", "space-in-address", "empty-element"],
  ],
  ["John Doe <jdoe@machine(comment).  example>", ["jdoe@machine.example"], ["John Doe"], ["comment-in-address", "space-in-address"]],
  // Legal, but not plain.
  ["< jane@example.com >", ["jane@example.com"], [null], ["space-inside-brackets"]],
  ["Jane<jane@example.com>", ["jane@example.com"], ["Jane"], ["no-space-before-bracket"]],
  ['"jane doe"@example.com', ['"jane doe"@example.com'], [null], ["quoted-local-part"]],
  ['"victim@example.org"@example.com', ['"victim@example.org"@example.com'], [null], ["quoted-local-part"]],
  ['jane."q".doe@example.com', ['jane."q".doe@example.com'], [null], ["obsolete-local-part"]],
  ["jane . doe @ example . com", ["jane.doe@example.com"], [null], ["space-in-address"]],
  ["(a) jane@example.com", ["jane@example.com"], [null], ["comment-before"]],
  ["jane@example.com (Jane)", ["jane@example.com"], [null], ["comment-after"]],
  [", jane@example.com,", ["jane@example.com"], [null], ["empty-element"]],
  ["<@a.test,@b.test:jane@example.com>", ["jane@example.com"], [null], ["source-route"]],
  ["<,,@a.test,(x) @b.test:jane@example.com>", ["jane@example.com"], [null], ["source-route"]],
  ["g:jane@example.com;, john@example.org", ["jane@example.com", "john@example.org"], [null, null], ["group"]],
  // RFC 6532: UTF-8 in every atom.
  ["Jürgen Groß <jürgen@münchen.example>", ["jürgen@münchen.example"], ["Jürgen Groß"], []],
  ["用户@例子.广告", ["用户@例子.广告"], [null], []],
  // RFC 2047 §5: encoded words in a phrase, decoded after parsing.
  ["=?utf-8?q?J=C3=BCrgen?= =?utf-8?b?R3Jvw58=?= <j@example.com>", ["j@example.com"], ["JürgenGroß"], []],
  ["=?utf-8?q?a=40b=2Ec?= <j@example.com>", ["j@example.com"], ["a@b.c"], []],
  // Broken: each kind.
  ["", [], [], []],
  ["<>", [], [], ["empty-brackets"]],
  ["Jane Doe", [], [], ["no-address"]],
  ["<postmaster>", [], [], ["no-domain"]],
  ["Jane jane@example.com", ["jane@example.com"], ["Jane"], ["no-angle-brackets"]],
  ['"Jane <jane@example.com>"', [], [], ["all-quoted"]],
  ["=?utf-8?q?=3Cjane=40example.com=3E?=", [], [], ["dot-in-name", "encoded-word"]],
  ["=?utf-8?q?jane=40example?=@example.com", ["=?utf-8?q?jane=40example?=@example.com"], [null], ["encoded-word"]],
  ["<a@example.com> b@example.org", ["a@example.com"], [null], ["text-after"]],
  ["<a@example.com><b@example.org>", ["a@example.com"], [null], ["text-after"]],
  ["a@example.com b@example.org", ["a@example.com"], [null], ["text-after"]],
  ["a@example.com@example.org", ["a@example.com"], [null], ["text-after"]],
  ["a@b.test <c@d.test>", ["c@d.test"], ["a@b.test"], ["unquoted-special", "dot-in-name"]],
  ["Re: Jane <a@b.test>", ["a@b.test"], ["Jane"], ["unquoted-special"]],
  ["a@b.test;c@d.test", ["a@b.test", "c@d.test"], [null, null], ["unquoted-special"]],
  ["<a@b.test>\\,<c@d.test>", ["a@b.test", "c@d.test"], [null, null], ["text-after"]],
  ["<jane doe@example.com>", ["jane doe@example.com"], [null], ["several-words"]],
  ["<a@b.test, c@d.test>", ["a@b.test"], [null], ["broken-brackets", "several-words"]],
  ["<<a@b.test>>", ["a@b.test"], ["<"], ["broken-brackets", "text-after", "unquoted-special", "no-space-before-bracket"]],
  ["<@a.test;@b.test:jane@example.com>", ["jane@example.com"], [null], ["source-route", "broken-brackets"]],
  [".jane@example.com", [".jane@example.com"], [null], ["local-part"]],
  ["jane.@example.com", ["jane.@example.com"], [null], ["local-part"]],
  ["jane..doe@example.com", ["jane..doe@example.com"], [null], ["local-part"]],
  ['"jane"doe@example.com', ['"jane"doe@example.com'], [null], ["local-part"]],
  ["@example.com", ["@example.com"], [null], ["local-part"]],
  ["jane@", [], [], ["domain"]],
  ["jane@example.com.", ["jane@example.com."], [null], ["domain"]],
  ["jane@.example.com", ["jane@.example.com"], [null], ["domain"]],
  ["jane@example..com", ["jane@example..com"], [null], ["domain"]],
  ["jane@[192.0.2.1].com", ["jane@[192.0.2.1].com"], [null], ["domain"]],
  ["<jane@example.com", ["jane@example.com"], [null], ["unterminated"]],
  ['"Jane <jane@example.com>', [], [], ["unterminated", "all-quoted"]],
  ["jane@example.com (Jane", ["jane@example.com"], [null], ["unterminated", "comment-after"]],
  ["jane@[192.0.2.1", ["jane@[192.0.2.1"], [null], ["unterminated"]],
  ["jane@[a[b]", ["jane@[a[b]"], [null], ["unterminated"]],
  ["jane@exa\0mple.com", ["jane@exa"], [null], ["control-character", "text-after"]],
  ['"Ja\x07ne" <jane@example.com>', ["jane@example.com"], ["Ja\x07ne"], ["control-character"]],
  ["(\x1b) <jane@example.com>", ["jane@example.com"], [null], ["control-character", "comment-before"]],
  ["jane@example.com\n", ["jane@example.com"], [null], ["control-character", "text-after"]],
  ["jane@example.com\r\n", ["jane@example.com"], [null], ["control-character", "text-after"]],
  ["Jane\u0085 <jane@example.com>", ["jane@example.com"], ["Jane\u0085"], ["control-character", "unquoted-special"]],
  ["Jane, Doe <jane@example.com>", ["jane@example.com"], ["Doe"], ["no-address"]],
];

for (const [text, mailboxes, names, issues] of rows) {
  test(`RFC 5322 §3.4: ${JSON.stringify(text)}`, () => {
    const list = parseAddressList(text);
    assert.deepEqual(addresses(list), mailboxes);
    assert.deepEqual(
      list.mailboxes.map(({ displayName }) => displayName?.decoded ?? null),
      names,
    );
    assert.deepEqual(kinds(list), issues);
  });
}

test("every kind of issue has an example above or a limit test", () => {
  const shown = new Set([...rows.flatMap(([, , , issues]) => issues), "comment-too-deep", "too-many-mailboxes"]);
  assert.deepEqual([...shown].sort(), Object.keys(issueGrades).sort());
});

test("RFC 5322 §2.2.3: a fold is white space where it stands, a line end without white space is a control character", () => {
  assert.deepEqual(kinds(parseAddressList("Jane\r\n <jane@example.com>")), []);
  assert.deepEqual(kinds(parseAddressList('"Jane\r\n Doe" (a\r\n\tb) <jane@example.com>')), ["comment-before"]);
  assert.deepEqual(kinds(parseAddressList('"Jane\r\nDoe" <jane@example.com>')), ["control-character"]);
});

test("what a mailbox carries", () => {
  const [mailbox] = parseAddressList('g:;, (x) "A \\"b\\"" c (y(z)) < @r.test, @s.test : "l p"@d.test > (w)').mailboxes;
  assert.deepEqual(mailbox, {
    displayName: { raw: '(x) "A \\"b\\"" c (y(z))', text: 'A "b" c', decoded: 'A "b" c', quoted: false },
    localPart: '"l p"',
    domain: "d.test",
    bracketed: true,
    route: ["r.test", "s.test"],
    comments: ["(x)", "(y(z))", "(w)"],
    group: null,
  });
});

test("RFC 6854: members know their group", () => {
  const { mailboxes, groups } = parseAddressList("a@a.test, One:b@b.test;, Two: c@c.test, d@d.test;");
  assert.deepEqual(groups, [{ displayName: "One" }, { displayName: "Two" }]);
  assert.deepEqual(
    mailboxes.map(({ group }) => group),
    [null, 0, 1, 1],
  );
});

test("limits.commentDepthMax: N-1 and N are read, N+1 is an issue, and the address is read all the same", () => {
  for (const depth of [limits.commentDepthMax - 1, limits.commentDepthMax, limits.commentDepthMax + 1]) {
    const list = parseAddressList(`${"(".repeat(depth)}${")".repeat(depth)} jane@example.com`);
    assert.equal(kinds(list).includes("comment-too-deep"), depth > limits.commentDepthMax, `depth ${depth}`);
    assert.deepEqual(addresses(list), ["jane@example.com"]);
  }
});

test("limits.fromMailboxesMax: N-1 and N are read, N+1 is an issue, and the list ends at N", () => {
  for (const count of [limits.fromMailboxesMax - 1, limits.fromMailboxesMax, limits.fromMailboxesMax + 1]) {
    const list = parseAddressList(Array.from({ length: count }, (_, i) => `a${i}@example.com`).join(", "));
    assert.equal(kinds(list).includes("too-many-mailboxes"), count > limits.fromMailboxesMax, `count ${count}`);
    assert.equal(list.mailboxes.length, Math.min(count, limits.fromMailboxesMax));
    const words = parseAddressList(Array.from({ length: count }, (_, i) => `a${i}`).join(", "));
    assert.equal(kinds(words).includes("too-many-mailboxes"), count > limits.fromMailboxesMax, `count ${count}`);
    assert.equal(words.phrases.length, Math.min(count, limits.fromMailboxesMax));
  }
});

const atom = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+\-/^_`{|}~é漢]{1,12}$/);
const label = fc.stringMatching(/^[a-z0-9é]([a-z0-9-]{0,8}[a-z0-9])?$/);
const localPart = fc.oneof(
  fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => atoms.join(".")),
  fc.stringMatching(/^[ -~]{0,12}$/).map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`),
);
const address = fc.tuple(
  localPart,
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
);
const name = fc.oneof(
  fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => ({ written: atoms.join(" "), read: atoms.join(" ") })),
  fc.stringMatching(/^[ -~]{1,20}$/).map((text) => ({ written: `"${text.replace(/["\\]/g, "\\$&")}"`, read: text })),
);
const mailbox = fc.oneof(
  address.map(([local, domain]) => ({ written: `${local}@${domain}`, local, domain, name: null })),
  address.map(([local, domain]) => ({ written: `<${local}@${domain}>`, local, domain, name: null })),
  fc
    .tuple(name, address)
    .map(([{ written, read }, [local, domain]]) => ({ written: `${written} <${local}@${domain}>`, local, domain, name: read })),
);
// No encoded words by chance.
const lists = fc.array(mailbox, { minLength: 1, maxLength: 5 }).filter((all) => !all.some(({ written }) => written.includes("=?")));

test("property: what is written by the grammar is read back, with no broken issue", () => {
  fc.assert(
    fc.property(lists, (all) => {
      const list = parseAddressList(all.map(({ written }) => written).join(", "));
      assert.equal(broken(list), false, JSON.stringify(list.issues));
      assert.deepEqual(
        list.mailboxes.map((one) => ({ local: one.localPart, domain: one.domain, name: one.displayName?.text ?? null })),
        all.map(({ local, domain, name: shown }) => ({ local, domain, name: shown })),
      );
    }),
  );
});

test("property: comments and folds between the elements change no mailbox", () => {
  const cfws = fc.constantFrom(" ", "\t", "\r\n ", "(c)", " (a (b) \\) c) ", "\r\n (x)\r\n\t");
  fc.assert(
    fc.property(lists, fc.array(cfws, { minLength: 12, maxLength: 12 }), (all, spaces) => {
      const text = all.map(({ written }, i) => `${spaces[2 * i] ?? ""}${written}${spaces[2 * i + 1] ?? ""}`).join(",");
      assert.deepEqual(
        addresses(parseAddressList(text)),
        all.map(({ local, domain }) => `${local}@${domain}`),
      );
    }),
  );
});

const noise = fc.string({ unit: fc.constantFrom(...'a"()<>[]:;@\\,. \t\r\n\0=?é'), maxLength: 60 });

test("property: any text gives an answer, and issues point into it, each kind once", () => {
  fc.assert(
    fc.property(fc.oneof(noise, fc.string({ unit: "binary" })), (text) => {
      const list = parseAddressList(text);
      assert.equal(new Set(kinds(list)).size, list.issues.length);
      for (const { at } of list.issues) assert.ok(at >= 0 && at <= text.length);
      for (const { domain } of list.mailboxes) assert.notEqual(domain, "");
    }),
    { numRuns: 2000 },
  );
});

test("hostile input: cost grows with the size alone", () => {
  const size = 256 * 1024;
  const pieces = [
    "(",
    "<",
    '"',
    "[",
    "@",
    ".",
    ",",
    ":",
    ";",
    "\\",
    "a@b.c,",
    "a,",
    "a:",
    "<a@b>",
    "a.",
    "=?u?q?",
    "=?x?q?a?= ",
    '"@b.c ',
    "(a)",
    "@é.c",
  ];
  for (const piece of pieces) {
    // A quadratic step over 256 KB takes minutes, and would not go unnoticed.
    const { mailboxes } = parseAddressList(piece.repeat(size / piece.length));
    assert.ok(mailboxes.length <= limits.addressesInTextMax, JSON.stringify(piece));
  }
});
