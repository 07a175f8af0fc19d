/** What the stub resolver asks again and what it does not: dns/cache.ts and dns/in-flight.ts behind real packets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { soa } from "../../test/dns-server.ts";
import { a, against, answering, cname, found } from "../../test/resolver-under-test.ts";

test("a kept answer is not asked for again, in whatever case and with a final dot or not", async () => {
  const { query, sent } = await against((asked) => asked.reply({ answers: [a(asked.name)] }));
  for (const name of ["x.example", "X.Example", "x.example."]) assert.deepEqual(await query(name, "A"), found(["192.0.2.1"]));
  assert.equal(sent.length, 1);
});

test("identical questions at the same time are one", async () => {
  const { query, sent } = await against((asked) => setTimeout(() => asked.reply({ answers: [a(asked.name)] }), 20));
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => query(i % 2 === 0 ? "x.example" : "X.EXAMPLE", "A")));
  assert.equal(new Set(answers.map((answer) => answer.status)).size, 1);
  assert.equal(sent.length, 1);
});

test("identical questions are one without a cache too, and the next one is asked", async () => {
  const { query, sent } = await against((asked) => asked.reply({ answers: [a(asked.name, "192.0.2.1", 5)] }), { cache: false });
  const both = await Promise.all([query("x.example", "A"), query("x.example", "A")]);
  assert.deepEqual(both, [found(["192.0.2.1"], 5), found(["192.0.2.1"], 5)]);
  assert.equal(sent.length, 1);
  await query("x.example", "A");
  assert.equal(sent.length, 2);
});

test("TTLs run by the clock that is given", async () => {
  let now = 0;
  const { query, sent } = await against((asked) => asked.reply({ answers: [a(asked.name, "192.0.2.1", 100)] }), { clock: () => now });
  await query("x.example", "A");
  now = 99_000;
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"], 1));
  now = 100_000;
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"], 100));
  assert.equal(sent.length, 2);
});

test("RFC 2308 §5: negative answers by the SOA, keys and policies for at most 5 minutes", async () => {
  const { query } = await against((asked) =>
    asked.reply({ rcode: asked.lowerName.startsWith("gone") ? 3 : 0, authorities: [soa("example", 7200)] }),
  );
  assert.deepEqual(await query("gone.example", "A"), { status: "nxdomain", ttlSeconds: 900 });
  assert.deepEqual(await query("empty.example", "A"), { status: "nodata", ttlSeconds: 900 });
  assert.deepEqual(await query("_dmarc.example", "TXT"), { status: "nodata", ttlSeconds: 300 });
  assert.deepEqual(await query("gone._domainkey.example", "TXT"), { status: "nxdomain", ttlSeconds: 300 });
});

test("RFC 8020: after NXDOMAIN the other types of the name are not asked; after an alias's NXDOMAIN they are", async () => {
  const { query, sent } = await against((asked) => {
    const answers = asked.lowerName === "alias.example" ? [cname(asked.name, "gone.example")] : [];
    asked.reply({ rcode: 3, answers, authorities: [soa("example", 60)] });
  });
  for (const type of ["A", "AAAA", "MX", "TXT"] as const) assert.equal((await query("gone.example", type)).status, "nxdomain");
  assert.equal(sent.length, 1);
  for (const type of ["A", "MX"] as const) assert.equal((await query("alias.example", type)).status, "nxdomain");
  assert.equal(sent.length, 3);
});

test("RFC 9520 §3.2: a failure is kept for 10 s, then asked again", async () => {
  let now = 0;
  const { query, sent } = await against(answering({ rcode: 2 }), { clock: () => now });
  await query("x.example", "A");
  now = 9_999;
  assert.deepEqual(await query("x.example", "A"), { status: "servfail" });
  assert.equal(sent.length, 1);
  now = 10_000;
  await query("x.example", "A");
  assert.equal(sent.length, 2);
});
