import assert from "node:assert/strict";
import { test } from "node:test";
import type { IprevResult } from "../iprev/result.ts";
import { infrastructureOf } from "./client.ts";

const named = (name: string, confirmed: number): IprevResult => ({
  result: confirmed > 0 ? "pass" : "fail",
  reason: null,
  names: [name],
  confirmed,
  generic: false,
});

test("eop.md §4: 131.107.18.4 with PTR outbound.mail.protection.outlook.com is outlook.com", () => {
  const found = infrastructureOf("131.107.18.4", named("outbound.mail.protection.outlook.com", 1));
  assert.deepEqual([found.ptrOrganization, found.confirmed, found.prefix], ["outlook.com", true, "131.107.18.0/24"]);
});

test("an IPv6 client is known by its /48, an unconfirmed name is marked so", () => {
  const found = infrastructureOf("2001:db8:1:2::7", named("host.example.com", 0));
  assert.deepEqual([found.ptrOrganization, found.confirmed, found.prefix], ["example.com", false, "2001:db8:1::/48"]);
});

test("without a client address nothing is known", () => {
  const found = infrastructureOf(null, { result: "none", reason: "no-client", names: [], confirmed: 0, generic: false });
  assert.deepEqual([found.ptrOrganization, found.prefix], [null, null]);
});
