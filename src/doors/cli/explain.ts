/**
 * `assay explain`: reads headers from files, a pipe or a paste, and says who decided what and why. It opens no resolver and no store,
 * and verifies nothing. Exit status: 0 each input has its account; 2 usage, an unreadable input, or one without a header field, which
 * never stops the rest.
 */
import { createReadStream } from "node:fs";
import { limits } from "../../base/limits.ts";
import { type Account, explainHeaders } from "../../gateway/explain/account.ts";
import type { ExitStatus } from "./exit-status.ts";
import { accountLines } from "./explain-lines.ts";
import { line, plain, print } from "./lines.ts";
import { type Ports, UsageError } from "./ports.ts";
import { jsonLine, shown } from "./shown.ts";
import { fileTrouble } from "./sources.ts";

export type ExplainOptions = { readonly json?: boolean };

export async function explain(files: readonly string[], options: ExplainOptions, ports: Ports): Promise<ExitStatus> {
  const [file = "-", ...more] = files;
  if (more.length === 0) {
    const account = await accountOf(file, ports);
    await ports.out.write(options.json === true ? jsonLine(account) : print(accountLines(account), ports.out));
    return 0;
  }
  return await explainEach(files, options, ports);
}

async function explainEach(files: readonly string[], options: ExplainOptions, ports: Ports): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  for (const [i, file] of files.entries()) {
    try {
      const account = await accountOf(file, ports);
      const lines = [...(i === 0 ? [] : [plain("")]), line(file, "faint"), ...accountLines(account)];
      const text = options.json === true ? jsonLine({ source: { file, index: 0 }, ...account }) : print(lines, ports.out);
      if (!(await ports.out.write(text))) return status;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      status = 2;
      await ports.err.write(`assay: ${shown(error.message)}\n`);
    }
  }
  return status;
}

async function accountOf(file: string, ports: Ports): Promise<Account> {
  const isStdin = file === "-";
  if (isStdin && ports.stdinIsTerminal) await ports.err.write("Paste the headers, then press Ctrl-D.\n");
  const name = isStdin ? "standard input" : file;
  const bytes = await readBeginning(isStdin ? ports.stdin() : createReadStream(file), name);
  const account = explainHeaders(bytes);
  if (account !== null) return account;
  const what = bytes.length === 0 ? "empty" : "not one header field, such as “Authentication-Results: …”";
  throw new UsageError(`${name}: ${what}: there is nothing to explain`);
}

/** As much as a header can be, in UTF-16 too; the body of a long message is never read. */
async function readBeginning(source: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > 2 * limits.headerBytesMax) break;
    }
  } catch (error) {
    throw new UsageError(`${name}: ${fileTrouble(name, error).error.message}`);
  }
  return Buffer.concat(chunks);
}
