/** Lessons that follow from their number alone, on few names, so that whoever records them at once meets on the same rows. */
import type { HistoryQuestion, Lesson, Token } from "../../src/verdict/history.ts";
import { day } from "../memory/recording.ts";

const prefix: Token = { kind: "prefix", value: "192.0.2.0/24" };

export function numberedLesson(i: number): Lesson {
  const organization = `o${i % 37}.example`;
  const kind = (["authenticated", "unauthenticated", "seen"] as const)[i % 3] ?? "seen";
  return {
    ...{ tenant: "", day, organization, kind, signed: i % 2 === 0, failed: kind === "seen", answered: false },
    ...{ tokens: [prefix, { kind: "dkim", value: `k${i % 11}.example` }], carriers: [], carrier: null },
    recipients: [`u${i % 5}@fabrikam.com`],
  };
}

export const numberedQuestions: readonly HistoryQuestion[] = Array.from({ length: 37 }, (_, i) => ({
  ...{ tenant: "", day, organization: `o${i}.example`, carrier: null, recipients: ["u0@fabrikam.com"], returned: null, references: [] },
  tokens: [prefix, { kind: "dkim", value: `k${i % 11}.example` }],
}));
