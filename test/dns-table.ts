/**
 * DNS for unit tests: a table of answers, and what was asked, in order. TXT records are strings, one character an octet; a
 * status stands for itself. A name without entry is NXDOMAIN, or no data where the table has a name below it (RFC 8020).
 */
import type { Answer, RecordType } from "../src/dns/answer.ts";
import type { Dns } from "../src/dns/budget.ts";

export type TableEntry = readonly string[] | "nodata" | "nxdomain" | "servfail" | "timeout" | "refused";
/** Keys are `TYPE name`, or a name alone for TXT. */
export type DnsTable = Readonly<Record<string, TableEntry>>;

export type TableDns = Dns & {
  /** Names of TXT questions, `TYPE name` for others, in the order asked. */
  readonly asked: readonly string[];
  /** How many were asked without an answer in between: the sequential round trips. */
  readonly rounds: () => number;
};

export function tableDns(table: DnsTable, quota = 60): TableDns {
  const asked: string[] = [];
  let left = quota;
  let rounds = 0;
  let roundOpen = false;
  return {
    asked,
    rounds: () => rounds,
    get left() {
      return left;
    },
    query: async <T extends RecordType>(name: string, type: T): Promise<Answer<T>> => {
      if (left === 0) return { status: "timeout", withheld: "budget" };
      left -= 1;
      const key = type === "TXT" ? name : `${type} ${name}`;
      asked.push(key);
      if (!roundOpen) {
        roundOpen = true;
        rounds += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
      roundOpen = false;
      return answerOf(table, key, name) as Answer<T>;
    },
  };
}

function answerOf(table: DnsTable, key: string, name: string): Answer {
  const entry = table[key];
  if (typeof entry === "string") return { status: entry };
  if (entry === undefined) return { status: hasBelow(table, name) ? "nodata" : "nxdomain" };
  if (entry.length === 0) return { status: "nodata" };
  const records = key === name ? entry.map((text) => Buffer.from(text, "latin1")) : [...entry];
  return { status: "found", records, ttlSeconds: 300, authenticated: false } as Answer;
}

function hasBelow(table: DnsTable, name: string): boolean {
  return Object.keys(table).some((key) => {
    const other = key.slice(key.indexOf(" ") + 1);
    return (other === name && key.includes(" ")) || other.endsWith(`.${name}`);
  });
}
