/**
 * Every DNS question of a message, as lines and as JSON: who asked, what, the answer, how long it took, and how many questions that
 * mechanism had left.
 */
import type { Answer, RecordType } from "../../dns/answer.ts";
import type { Question } from "../../dns/budget.ts";
import type { Line } from "./lines.ts";
import { columns, cut, padded, shown } from "./shown.ts";

export function traceLines(questions: readonly Question[]): readonly Line[] {
  const title =
    questions.length === 0 ? "no DNS question was asked" : `DNS, ${questions.length} question${questions.length === 1 ? "" : "s"}`;
  const names = questions.map((question) => cut(shown(question.name), 60));
  const width = Math.min(48, Math.max(0, ...names.map(columns)));
  return [
    [{ text: `  ${title}`, style: "strong" }],
    ...questions.map((question, i): Line => {
      const head = `    ${question.lane.padEnd(8)}  ${question.type.padEnd(5)}  ${padded(names[i] ?? "", width)}  `;
      const cost = question.repeated ? "asked before" : `${Math.round(question.ms)} ms`;
      return [
        { text: head, style: "plain" },
        { text: cut(answerText(question.answer), 160), style: question.answer.status === "found" ? "plain" : "unsure" },
        { text: `  ${cost}, ${question.left} left`, style: "faint" },
      ];
    }),
  ];
}

export type QuestionJson = {
  readonly lane: string;
  readonly name: string;
  readonly type: RecordType;
  readonly status: string;
  readonly withheld: string | null;
  readonly records: readonly unknown[];
  readonly ttlSeconds: number | null;
  readonly authenticated: boolean;
  readonly ms: number;
  readonly left: number;
  readonly repeated: boolean;
};

export function questionJson({ lane, name, type, answer, ms, left, repeated }: Question): QuestionJson {
  const found = answer.status === "found" ? answer : null;
  return {
    lane,
    name,
    type,
    status: answer.status,
    withheld: answer.status === "found" ? null : (answer.withheld ?? null),
    records: (found?.records ?? []).map((record) => (record instanceof Uint8Array ? textOf(record) : record)),
    ttlSeconds: answer.ttlSeconds ?? null,
    authenticated: found?.authenticated ?? false,
    ms,
    left,
    repeated,
  };
}

const statusWords: Readonly<Record<Exclude<Answer["status"], "found">, string>> = {
  nodata: "no such record",
  nxdomain: "no such name",
  servfail: "server failure",
  timeout: "no answer in time",
  refused: "refused",
};

function answerText(answer: Answer): string {
  if (answer.status === "found") return answer.records.map(recordText).join(" · ");
  const withheld = {
    budget: "not asked: the budget is used up",
    deadline: "not asked: out of time",
    name: "not asked: no DNS name",
    breaker: "not asked: the resolver does not answer",
  } as const;
  return answer.withheld === undefined ? statusWords[answer.status] : withheld[answer.withheld];
}

function recordText(record: unknown): string {
  if (record instanceof Uint8Array) return `"${textOf(record)}"`;
  if (typeof record === "object" && record !== null && "preference" in record && "exchange" in record)
    return `${record.preference} ${record.exchange}`;
  return String(record);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}
