import assert from "node:assert/strict";
import { test } from "node:test";
import { DatabaseError } from "pg";
import { isRetryable, postgresFaultLine, postgresReport, shownUrl } from "./postgres-fault.ts";
import { StoreFault } from "./sqlite-fault.ts";

function stated(code: string): Error {
  return Object.assign(new DatabaseError("told", 0, "error"), { code, severity: "ERROR" });
}

const urls: readonly (readonly [url: string, shown: string])[] = [
  ["postgres://ann:hidden@db.example/assay", "postgres://ann@db.example/assay"],
  ["postgresql://ann:hi%40dden@db.example:5433/assay?sslmode=verify-full&password=hidden", "postgres://ann@db.example:5433/assay"],
  ["postgres://:hidden@db.example/assay", "postgres://db.example/assay"],
  ["postgres://localhost/assay?host=/run/postgresql", "postgres:///run/postgresql/assay"],
  ["postgres://[2001:db8::1]/assay", "postgres://[2001:db8::1]/assay"],
  ["no url with hidden", "postgres://…"],
];

for (const [url, shown] of urls) {
  test(`a URL is shown without password and options: ${shown}`, () => {
    assert.equal(shownUrl(url), shown);
    assert.ok(!shownUrl(url).includes("hidden"));
  });
}

const states: readonly (readonly [error: unknown, code: string])[] = [
  [stated("57P01"), "cannot-open"],
  [stated("53300"), "cannot-open"],
  [stated("28P01"), "cannot-open"],
  [stated("3D000"), "cannot-open"],
  [stated("42501"), "cannot-open"],
  [stated("57014"), "locked"],
  [stated("55P03"), "locked"],
  [stated("53100"), "full"],
  [stated("25006"), "read-only"],
  [stated("42P01"), "older-schema"],
  [stated("XX001"), "corrupt"],
  [stated("58030"), "io"],
  [stated("42601"), "unexpected"],
  [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), "cannot-open"],
  [new Error("Connection terminated unexpectedly"), "cannot-open"],
  [new TypeError("x is not a function"), "unexpected"],
  [new StoreFault("foreign", "another program"), "foreign"],
];

for (const [error, code] of states) {
  test(`fault: ${error instanceof Error && "code" in error ? String(error.code) : String(error)} is ${code}`, () => {
    const report = postgresReport(error);
    assert.equal(report.code, code);
    assert.match(postgresFaultLine("postgres://h/d", report), /^store postgres:\/\/h\/d: .+; .+$/);
  });
}

test("several addresses that all refuse are told one by one", () => {
  const error = new AggregateError([new Error("connect ECONNREFUSED ::1:5432"), new Error("connect ECONNREFUSED 127.0.0.1:5432")]);
  assert.equal(postgresReport(error).detail, "connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432");
});

test("what the server undid for another's sake is tried again, and nothing else", () => {
  assert.deepEqual(["40P01", "40001", "23505"].map(stated).map(isRetryable), [true, true, false]);
});
