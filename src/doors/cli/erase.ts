/**
 * `assay db erase`: takes an address out of the journal of decisions: every record that names it as author, sender or recipient, and the
 * DNS answers that no other record names. Exit status: 0 done, 2 wrong use, 3 a store that cannot be used.
 */
import type { ExitStatus } from "./exit-status.ts";
import { counted, onJournal } from "./journal-options.ts";
import { type Ports, UsageError } from "./ports.ts";
import { cut, shown } from "./shown.ts";

export type EraseOptions = { readonly config: string };

export async function erase(address: string, { config }: EraseOptions, ports: Ports): Promise<ExitStatus> {
  if (!address.includes("@")) throw new UsageError(`an address, such as ben@fabrikam.com; this is none: “${cut(shown(address), 80)}”`);
  const settings = await ports.loadSettings(config);
  return onJournal({ config, settings, purpose: "change" }, ports, async (journal) => {
    const gone = await journal.erase(address);
    await ports.out.write(`${counted(gone, "decision")} that named ${shown(address)} ${gone === 1 ? "is" : "are"} erased\n`);
    return 0;
  });
}
