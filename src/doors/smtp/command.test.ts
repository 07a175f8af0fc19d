/** Command lines: verbs, paths and parameters, as far as their brackets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressLine, readAddress, readCommand } from "./command.ts";

test("RFC 5321 §4.1.1: verb and rest", () => {
  assert.deepEqual(readCommand(Buffer.from("mail FROM:<a@b>  ")), { verb: "MAIL", rest: "FROM:<a@b>", octets: 17 });
  assert.deepEqual(readCommand(Buffer.from("QUIT")), { verb: "QUIT", rest: "", octets: 4 });
  for (const line of ["MAIL\0", "MAIL\tFROM:<a@b>", "RSET\n", "RSET\r", "MAIL FROM:<\xe9@b>"])
    assert.equal(readCommand(Buffer.from(line, "latin1")), null, JSON.stringify(line));
});

for (const [text, path, parameters] of [
  ["FROM:<a@b.example>", "a@b.example", []],
  ["from: <a@b.example> SIZE=10 body=8BITMIME SMTPUTF8", "a@b.example", [["SIZE", "10"], ["BODY", "8BITMIME"], ["SMTPUTF8", null]]], // biome-ignore format: a table
  ["FROM:<>", "", []],
  ['FROM:<"a> b"@c.example> RET=HDRS', '"a> b"@c.example', [["RET", "HDRS"]]],
  ['FROM:<"a\\"> b"@c.example>', '"a\\"> b"@c.example', []],
  ["FROM:<@relay.example:a@b.example>", "@relay.example:a@b.example", []],
  ["FROM:<ü@b.example> SMTPUTF8", "ü@b.example", [["SMTPUTF8", null]]],
  ["FROM:<a@b> ENVID=x+2By", "a@b", [["ENVID", "x+2By"]]],
] as const)
  test(`RFC 5321 §4.1.2: ${text}`, () => {
    const address = readAddress("FROM", text);
    assert.equal(address?.path, path);
    assert.deepEqual([...(address?.parameters ?? [])], parameters);
    assert.deepEqual(readAddress("FROM", addressLine("MAIL FROM", address ?? assert.fail()).slice(5)), address);
  });

for (const text of [
  "FROM:a@b.example",
  "FROM:<a@b.example",
  "FROM:<a@b> x <c@d>",
  "FROM:<a b@c>",
  "FROM:<<a@b>>",
  "FROM:<a@b>SIZE=1",
  "FROM:<a@b> SIZE=1 SIZE=2",
  "FROM:<a@b> SIZE=",
  "FROM:<a@b> =1",
  "TO:<a@b>",
  "",
])
  test(`RFC 5321 §4.1.2: refused: ${JSON.stringify(text)}`, () => assert.equal(readAddress("FROM", text), null));
