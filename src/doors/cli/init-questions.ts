/** The questions of `assay init` on a terminal: one for each answer that no option gave. Ctrl-C ends the command, and nothing is written. */
import { cancel, intro, isCancel, select, text } from "@clack/prompts";
import { domainToAscii } from "../../mail/domain.ts";
import type { MailServer } from "./init-text.ts";
import { UsageError } from "./ports.ts";

/** What can be asked; a test gives answers of its own. */
export type Questions = {
  readonly domains: (initial: string) => Promise<readonly string[]>;
  readonly mailServer: (initial: MailServer) => Promise<MailServer>;
  readonly authservId: (initial: string) => Promise<string>;
  readonly memory: (initial: string) => Promise<string>;
  readonly dns: () => Promise<string>;
};

export function questionsOnTerminal(): Questions {
  intro("assay init: a configuration that observes, and acts on nothing");
  return {
    domains: async (initial) =>
      namesIn(await line("Which domains are yours? (mail to them is inbound; blanks between them)", { initial, check: domainsFault })),
    mailServer: async (initial) => {
      const answer = await select<MailServer>({
        message: "Which mail server is it to work with?",
        initialValue: initial,
        options: [
          { value: "postfix", label: "Postfix", hint: "milter" },
          { value: "sendmail", label: "Sendmail", hint: "milter" },
          { value: "exim", label: "Exim", hint: "SMTP proxy in front" },
          { value: "other", label: "another", hint: "SMTP proxy in front: Exchange, anything that speaks SMTP" },
        ],
      });
      return isCancel(answer) ? given() : answer;
    },
    authservId: (initial) => line("Under which name are results written? (one for the organization, not one for each host)", { initial }),
    memory: (initial) => line("Where is history kept? (SQLite file, or none)", { initial }),
    dns: () => line("Which DNS server is to be asked? (empty: the system's)", { initial: "" }),
  };
}

async function line(
  message: string,
  { initial, check }: { initial: string; check?: (text: string) => string | undefined },
): Promise<string> {
  const answer = await text({
    message,
    ...(initial === "" ? {} : { initialValue: initial }),
    ...(check === undefined ? {} : { validate: (value: string | undefined) => check(value ?? "") }),
  });
  return isCancel(answer) ? given() : (answer ?? "").trim();
}

function given(): never {
  cancel("Nothing was written.");
  throw new UsageError("ended at a question; nothing was written");
}

function namesIn(answer: string): readonly string[] {
  return answer.split(/[\s,]+/).flatMap((name) => domainToAscii(name) ?? []);
}

function domainsFault(answer: string): string | undefined {
  const names = answer.split(/[\s,]+/).filter((name) => name !== "");
  const wrong = names.find((name) => !name.includes(".") || domainToAscii(name) === null);
  if (wrong !== undefined) return `“${wrong}” is no domain name`;
  return names.length === 0 ? "at least one, such as contoso.com" : undefined;
}
