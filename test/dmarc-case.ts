/**
 * DMARC cases told in one line each: identifiers and a table of DNS in, the fields of interest out. For the tests of evidence/dmarc.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DmarcDeps, type DmarcEvidence, type IdentifierDkim, type IdentifierSpf, startDmarc } from "../src/evidence/dmarc/evaluate.ts";
import type { DmarcResult } from "../src/evidence/dmarc/result.ts";
import { type DnsTable, tableDns } from "./dns-table.ts";

export type DmarcCase = {
  readonly from?: string | readonly string[];
  readonly spf?: readonly IdentifierSpf[];
  readonly dkim?: readonly IdentifierDkim[];
  readonly expect?: readonly string[];
  readonly zone: DnsTable;
  readonly quota?: number;
  readonly mode?: DmarcDeps["mode"];
  readonly localSuffixes?: readonly string[];
};

export type Evaluated = DmarcEvidence & { readonly asked: readonly string[]; readonly rounds: number };

export async function evaluate(input: DmarcCase): Promise<Evaluated> {
  const { from = "example.com", spf = [], dkim = [], expect = [], zone, quota, mode, localSuffixes } = input;
  const dns = tableDns(zone, quota);
  const started = startDmarc(typeof from === "string" ? [from] : from, { dns, mode, localSuffixes });
  for (const domain of expect) started.expect(domain);
  const found = await started.finish({ spf, dkim });
  return { ...found, asked: dns.asked, rounds: dns.rounds() };
}

export type Row = readonly [title: string, input: DmarcCase, expected: Partial<DmarcResult>];

/** One test a row: the fields that the row names must come out so. */
export function rows(cases: readonly Row[]): void {
  for (const [title, input, expected] of cases) {
    test(title, async () => {
      const { dmarc } = await evaluate(input);
      const got = Object.fromEntries(Object.entries(dmarc).filter(([key]) => key in expected));
      assert.deepEqual(got, expected);
    });
  }
}

export const pass = (domain: string): { readonly result: "pass"; readonly domain: string } => ({ result: "pass", domain });
export const reject: readonly string[] = ["v=DMARC1; p=reject"];
