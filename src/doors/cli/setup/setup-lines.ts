/** What `assay setup` says: the lines first, each with its place, then what was left out and why, then the other filters, then what to do. */
import { type Line, line, plain } from "../lines.ts";
import type { Account, Block, Server } from "./account.ts";

const names: Readonly<Record<Server, string>> = { postfix: "Postfix", sendmail: "Sendmail", exim: "Exim", dovecot: "Dovecot" };

export function accountLines(account: Account): readonly Line[] {
  if (account.undone !== null) return undoneLines(account, account.undone);
  const { server, place, why, blocks, faults, done } = account;
  return [
    line(`${names[server]}, ${place}${why === null ? "" : `: ${why}`}`, "strong"),
    ...faults.map((fault) => line(`  ! ${fault}`, "bad")),
    ...(done === null ? blocks.flatMap(blockLines) : doneLines(done)),
    ...section("Good to know", account.notes),
    ...neighbourLines(account),
    ...nextLines(account),
  ];
}

function blockLines({ where, hint, lines }: Block): readonly Line[] {
  return [
    plain(""),
    [
      { text: `  ${where}`, style: "strong" },
      { text: hint === null ? "" : `, ${hint}`, style: "faint" },
    ],
    ...lines.map((text) => plain(`    ${text}`)),
  ];
}

function doneLines(done: readonly string[]): readonly Line[] {
  if (done.length === 0) return [line("  Everything is so already: nothing was written.", "good")];
  return [line("  Written:", "good"), ...done.map((one) => plain(`    ${one}`))];
}

function section(title: string, texts: readonly string[]): readonly Line[] {
  return texts.length === 0 ? [] : [plain(""), line(`  ${title}`, "strong"), ...texts.map((text) => plain(`    ${text}`))];
}

function neighbourLines({ neighbours, localMilters, sameNames, server }: Account): readonly Line[] {
  if (neighbours.length === 0) return [];
  const order =
    server === "exim"
      ? "Other filters stay with Exim, behind Assay."
      : "Assay stands before them on mail that comes in, so that it sees bodies as they were sent; signers are last on mail that goes out.";
  const ids = localMilters.map((id) => `"${id}"`).join(", ");
  return [
    plain(""),
    line("  Beside Assay", "strong"),
    plain(`    ${order}`),
    ...neighbours.flatMap(({ name, seen, advice }) => [
      plain(`    ${name}: ${seen.join(", ")}`),
      ...advice.map((text) => plain(`      ${text}`)),
    ]),
    ...[...new Set(sameNames)].map((id) =>
      plain(
        `    ${id} is Assay's authserv_id too: give the other filter a name of its own, or readers cannot tell whose results they read.`,
      ),
    ),
    ...(localMilters.length === 0
      ? []
      : [plain(`    One that has to stand before Assay keeps its results with local_milters = [${ids}] under [trust].`)]),
  ];
}

function nextLines({ faults, done, next, blocks }: Account): readonly Line[] {
  if (faults.length > 0 || blocks.length === 0) return [];
  const into = next.map((text) => `${done === null ? "After that" : "Now"}: ${text}`);
  const texts: readonly string[] =
    done === null
      ? ["The same command with --apply writes this, --undo takes it out again.", ...into]
      : [...into, ...(done.length === 0 ? [] : ["The same command with --undo instead of --apply takes it out again."])];
  return [plain(""), ...texts.map((text) => plain(`  ${text}`))];
}

function undoneLines({ server, place, next }: Account, undone: readonly string[]): readonly Line[] {
  const head = line(`${names[server]}, ${place}`, "strong");
  if (undone.length === 0) return [head, plain("  Nothing of Assay's is in there.")];
  return [head, line("  Taken out:", "good"), ...undone.map((one) => plain(`    ${one}`)), ...next.map((text) => plain(`  Now: ${text}`))];
}
