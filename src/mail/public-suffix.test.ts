import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { requireCorpus } from "../../test/corpora.ts";
import { domainToAscii } from "./domain.ts";
import { organizationalDomainByList } from "./public-suffix.ts";

test("publicsuffix.org tests.txt: all 78 pairs, U-labels by way of their A-labels", (t) => {
  const path = requireCorpus(t, "psl/tests.txt");
  if (path === null) return;
  const lines = readFileSync(path, "utf8").split("\n");
  const pairs = lines.filter((line) => line !== "" && !line.startsWith("//")).map((line) => line.split(" "));
  assert.equal(pairs.length, 78);
  for (const [name = "", expected = ""] of pairs) {
    const ascii = name === "null" ? null : domainToAscii(name);
    const got = ascii === null ? null : organizationalDomainByList(ascii);
    assert.equal(got, expected === "null" ? null : domainToAscii(expected), name);
  }
});

test("the private section of the list counts: strangers get their own subdomains there", () => {
  assert.equal(organizationalDomainByList("a.b.github.io"), "b.github.io");
  assert.equal(organizationalDomainByList("github.io"), null);
});

test("local suffixes: one label below is a tenant", () => {
  assert.equal(organizationalDomainByList("mail.contoso.onmicrosoft.com"), "contoso.onmicrosoft.com");
  assert.equal(organizationalDomainByList("contoso.onmicrosoft.com"), "contoso.onmicrosoft.com");
  assert.equal(organizationalDomainByList("onmicrosoft.com"), null);
  assert.equal(organizationalDomainByList("a.b.hosting.example", ["hosting.example"]), "b.hosting.example");
  assert.equal(organizationalDomainByList("notonmicrosoft.com"), "notonmicrosoft.com");
});

test("addresses have no organization", () => {
  assert.equal(organizationalDomainByList("192.0.2.1"), null);
});
