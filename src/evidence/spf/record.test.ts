import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSpfRecord, parseRecord, type RecordFault, type SpfRecord } from "./record.ts";

function parse(terms: string): SpfRecord {
  const record = parseRecord(`v=spf1 ${terms}`);
  assert.ok(!("fault" in record), JSON.stringify(record));
  return record;
}
function fault(terms: string): RecordFault {
  const record = parseRecord(`v=spf1 ${terms}`);
  assert.ok("fault" in record, JSON.stringify(record));
  return record;
}
const bytes = (text: string) => Buffer.from(text, "latin1");

test("RFC 7208 §4.5: exactly v=spf1, then a space or the end", () => {
  for (const text of ["v=spf1", "v=spf1 ", "V=SPF1 -all", "v=spf1  x"]) assert.equal(isSpfRecord(bytes(text)), true, text);
  for (const text of [
    "",
    "v=spf",
    "v=spf10",
    "v=spf1-all",
    "v=spf1\t",
    "v=spf1\u0000",
    " v=spf1",
    "v=spf2 ",
    "v= spf1",
    "\u00efv=spf1",
    "v\u00ddspf1",
  ])
    assert.equal(isSpfRecord(bytes(text)), false, text);
});

test("RFC 7208 §4.6.1: a record is a list of terms, each with its text", () => {
  const record = parse(
    "+MX/24//64 -a:h.example ?include:%{d2}.example ~exists:%{i}.example ptr ip4:192.0.2.0/24 redirect=r.example. exp=e.example x=%{t}",
  );
  assert.deepEqual(
    record.directives.map(({ kind, qualifier, text }) => [kind, qualifier, text]),
    [
      ["mx", "pass", "+MX/24//64"],
      ["a", "fail", "-a:h.example"],
      ["include", "neutral", "?include:%{d2}.example"],
      ["exists", "softfail", "~exists:%{i}.example"],
      ["ptr", "pass", "ptr"],
      ["ip4", "pass", "ip4:192.0.2.0/24"],
    ],
  );
  assert.equal(record.redirect?.domain.target, "r.example");
  assert.equal(record.exp?.target, "e.example");
});

const cidr: readonly (readonly [string, number, number])[] = [
  ["a", 32, 128],
  ["a/0", 0, 128],
  ["a/32", 32, 128],
  ["a//0", 32, 0],
  ["a//128", 32, 128],
  ["a/8//64", 8, 64],
  ["a:h.example/24", 24, 128],
  ["a:h.example//64", 32, 64],
  ["a:h.example/24//64", 24, 64],
  ["a:%{d}/24//64", 24, 64],
  ["a:x/1.example/24", 24, 128],
  ["a:%{l/}.example//7", 32, 7],
  ["mx:1.2.example/9", 9, 128],
];
for (const [term, bits4, bits6] of cidr) {
  test(`RFC 7208 §5.3 dual-cidr-length: ${term}`, () => {
    const [directive] = parse(term).directives;
    assert.ok(directive?.kind === "a" || directive?.kind === "mx");
    assert.deepEqual([directive.bits4, directive.bits6], [bits4, bits6]);
  });
}

const wrong = [
  ...["moo", "all.", "all:x.example", "all/8", "-", "+", "~~all", "=", "=x", ":x", "/", "1up=x", "-x=y", "a=%", "x=%{z}"],
  ...[
    "a:",
    "a/",
    "a//",
    "a/33",
    "a//129",
    "a/24/64",
    "a/24//",
    "a/024",
    "a//064",
    "a/-1",
    "a/24x",
    "a:/24",
    "a:h.example/",
    "a:h.example/24/",
  ],
  ...[
    "a:museum",
    "a:museum.",
    "a:.",
    "a:..",
    "a:h.example..",
    "a:h.-com",
    "a:h.com-",
    "a:h.1",
    "a:192.0.2.1",
    "a:192.0.2.1/24",
    "a:h.example:80",
    "a:h.exa_mple",
  ],
  ...["a:%{d}.", "a:%%.", "a:%{d}x", "a:h.example%", "a:h.ex\u00e4mple", "a:h.example\u0000", "a:h\u007f.example", "a\u0080"],
  ...[
    "mx:",
    "ptr:",
    "ptr/24",
    "ptr:h.example/24",
    "exists",
    "exists:",
    "exists/8",
    "exists:h.example/8",
    "include",
    "include:",
    "include/8",
    "include:h.example/8",
    "include=",
    "redirect:h.example",
  ],
  ...[
    "ip4",
    "ip4:",
    "ip4/8",
    "ip4:192.0.2",
    "ip4:192.0.2.1/",
    "ip4:192.0.2.1/33",
    "ip4:192.0.2.1/032",
    "ip4:192.0.2.1//32",
    "ip4:192.0.2.1:25",
    "ip4:192.0.2.01",
    "ip4:2001:db8::1",
    "ip4:256.0.0.1",
  ],
  ...[
    "ip6",
    "ip6:",
    "ip6::1",
    "ip6:::1/129",
    "ip6:::1//64",
    "ip6:::1/064",
    "ip6:192.0.2.1",
    "ip6:2001:db8::1%eth0",
    "ip6:[::1]",
    "ip6::2001::db8",
  ],
  ...[
    "redirect=",
    "redirect=x",
    "redirect=-all",
    "redirect=h.example/8",
    "exp=",
    "exp=x",
    "exp=%{r}.example",
    "exp=a.example exp=a.example",
    "redirect=a.example redirect=a.example",
  ],
].filter((term) => term !== "include=");
for (const term of wrong) {
  test(`RFC 7208 §4.6.1, §5, §6, §7.1: a syntax error: ${JSON.stringify(term)}`, () => {
    fault(term);
    // §4.6: anywhere in the record.
    fault(`ip4:192.0.2.1 -all ${term}`);
  });
}

const right = [
  "a:foo:bar/baz.example.com",
  "a:x.xn--zckzah",
  "a:h.1-2",
  "a:h.example.",
  "a:.com",
  "a:%{d}",
  "a:%{d}%%",
  "a:x.%{d2}",
  "exists:%{ir}.%{l1r+-}._spf.%{d}",
  "include:%{d}%_x.example",
];
for (const term of [
  ...right,
  "x=",
  "X-y.z_9=a:b/c=d%%",
  "redirect.x=moo",
  "ip4=192.0.2.1",
  "ip6:::",
  "ip6:1:2:3:4:5:6:7.8.9.10/0",
  "ip4:0.0.0.0/0",
]) {
  test(`RFC 7208 §7.1: good syntax: ${term}`, () => void parse(term));
}

test("errors name their term and its place", () => {
  const unknown = parseRecord("v=spf1 a  moo -all");
  assert.deepEqual(unknown, { fault: "an unknown mechanism", position: 10, term: "moo" });
  assert.equal(fault("a:%{z}.example").position, 7 + 4);
  assert.equal(fault("-a:h.example/33").position, 7 + 12);
  assert.equal(fault("redirect=a.example redirect=b.example").fault, "redirect= twice");
});

test("attack: what an error shows of a record is printable and short", () => {
  assert.equal(fault("x\u0000\u001b\u00ff").term, "x\\x00\\x1b\\xff");
  assert.equal(fault("y".repeat(4000)).term.length, 103);
});

test("RFC 7208 §4.8: a fixed name is ready, or known to be none", () => {
  const [a, long, empty] = parse(`a:h.example. a:${"x".repeat(64)}.example a:h..example`).directives;
  assert.ok(a?.kind === "a" && long?.kind === "a" && empty?.kind === "a");
  assert.deepEqual([a.domain?.target, long.domain?.target, empty.domain?.target], ["h.example", null, null]);
});

const piece = fc.constantFrom(
  "a",
  "mx",
  "ip4",
  "ip6",
  "include",
  "exists",
  "ptr",
  "all",
  "redirect",
  "exp",
  ":",
  "/",
  "=",
  "%",
  "{",
  "}",
  "%{d}",
  "%{l1r-}",
  ".",
  "1",
  "24",
  "::",
  "x",
  "example",
  " ",
  "-",
  "+",
  "\u00ff",
  "\u0000",
);
test("property: any text is read without an exception, and a record read twice is the same", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = `v=spf1 ${pieces.join("")}`;
      const record = parseRecord(text);
      assert.deepEqual(parseRecord(text), record);
      if ("fault" in record) assert.ok(record.position >= 0 && record.position <= text.length && /^[\x21-\x7e]*$/.test(record.term));
      else for (const { text: term } of record.directives) assert.ok(text.includes(term));
    }),
    { numRuns: 2000 },
  );
});

test("attack: 4096 octets made to be slow are read or refused, never thrown at", () => {
  for (const unit of ["a ", "%{d}", "/", "1/", "a:%{l/", "x=%%", "ip6:::", "(", ".", "a:x./1"]) {
    const text = `v=spf1 ${unit.repeat(Math.floor(4089 / unit.length))}`;
    assert.equal(typeof parseRecord(text), "object", JSON.stringify(unit));
  }
});
