/** A plan for Postfix as the lines that stand in main.cf and master.cf afterwards. */
import { join } from "node:path";
import type { Block } from "./account.ts";
import type { PostfixChange, PostfixFound } from "./postfix.ts";

export function postfixBlocks(changes: readonly PostfixChange[], { directory }: Pick<PostfixFound, "directory">): readonly Block[] {
  const blocks: { where: string; hint: string | null; lines: string[] }[] = [];
  const add = (where: string, hint: string | null, line: string): void => {
    const block = blocks.find((one) => one.where === where && one.hint === hint);
    if (block === undefined) blocks.push({ where, hint, lines: [line] });
    else block.lines.push(line);
  };
  const master = join(directory, "master.cf");
  for (const change of changes) {
    const { kind, value } = change;
    if (value === null) continue;
    if (kind === "main") add(join(directory, "main.cf"), null, `${change.name} = ${value}`.trimEnd());
    else if (kind === "override") add(master, `service ${change.service.replace("/", " ")}`, `  -o ${change.name}=${value}`);
    else
      for (const line of value.split(" -o ").map((part, index) => (index === 0 ? part : `  -o ${part}`)))
        add(master, "a service of its own", line);
  }
  return blocks;
}
